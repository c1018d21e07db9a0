"""Definitions by area, each made once per market."""
