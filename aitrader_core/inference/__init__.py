"""Scores of neural models."""
