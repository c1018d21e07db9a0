"""Patterns on a stream of ticks, and the models that trade on what they say."""
