"""Ticks: recordings and files of them, checked, and kept as Parquet, a session at a time."""
