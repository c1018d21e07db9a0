"""When a market is open, and where its prices come from."""
