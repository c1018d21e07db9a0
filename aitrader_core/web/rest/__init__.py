"""The REST service: a router for each subject."""
