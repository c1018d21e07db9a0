"""The arena in which trading models trade real market history; knows nothing of Dagster."""

__version__ = "0.1.0"
