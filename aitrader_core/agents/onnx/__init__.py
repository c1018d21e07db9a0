"""Models that are a neural network."""
