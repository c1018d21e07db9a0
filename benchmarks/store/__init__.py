"""Model-days stored durably, by the product's store and by bare SQL."""
