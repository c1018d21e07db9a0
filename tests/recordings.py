"""Real market data and recorded sessions, beside the project and never in it."""

import pytest

from aitrader_core.runner.settings import project_root

SHARED = project_root().parent / "shared" / "data"
US_DAILY = SHARED / "us_daily" / "merged.jsonl"
US_HOURLY = SHARED / "us_hourly" / "merged.jsonl"
CN_DAILY = SHARED / "cn_daily" / "merged.jsonl"
CN_HOURLY = SHARED / "cn_hourly" / "merged_hourly.jsonl"
CRYPTO = SHARED / "crypto" / "crypto_merged.jsonl"

needs_recordings = pytest.mark.skipif(
    not SHARED.is_dir(), reason="needs the recordings of ../shared/data, which are not there"
)
