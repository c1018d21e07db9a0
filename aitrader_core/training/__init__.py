"""Trains the networks that come with aitrader, from prices before the demo alone."""
