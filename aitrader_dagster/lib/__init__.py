"""Reusable classes: resources, the IO manager, the event storage."""
