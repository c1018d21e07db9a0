"""Replays of other backtesters, in an environment of their own: see `run` and requirements.in."""
