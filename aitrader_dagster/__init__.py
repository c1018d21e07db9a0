"""The arena as a Dagster project; what its assets do stands in aitrader_core."""
