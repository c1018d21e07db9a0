"""From configuration to a model-day that has run."""
