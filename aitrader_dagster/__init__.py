"""The arena as a Dagster project; what its assets do stands in aitrader_core."""

import warnings

from dagster import BetaWarning

# Partition mappings and backfill policies are in beta since 2023, and every process would say so.
warnings.filterwarnings("ignore", category=BetaWarning)
