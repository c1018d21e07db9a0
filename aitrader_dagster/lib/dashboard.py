"""Where the dashboard shows what Dagster has: addresses alone, so that no run imports a website."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

import dagster as dg

PAGE = "page"  # the metadata entry that leads there
PAGE_TAG = "aitrader/page"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`url` is without a slash at its end."""

    url: str

    def arena(self, market: str) -> dg.UrlMetadataValue:
        return dg.MetadataValue.url(f"{self.url}/arenas/{_part(market)}")

    def model_day(self, market: str, model: str, session: date) -> dg.UrlMetadataValue:
        path = f"/arenas/{_part(market)}/models/{_part(model)}/{session}"
        return dg.MetadataValue.url(self.url + path)

    def backtest(self, market: str, backtest_id: int) -> dg.UrlMetadataValue:
        path = f"/arenas/{_part(market)}/backtests/{backtest_id}"
        return dg.MetadataValue.url(self.url + path)

    def scan(self, market: str, scan_id: int) -> dg.UrlMetadataValue:
        path = f"/arenas/{_part(market)}/suggestions/{scan_id}"
        return dg.MetadataValue.url(self.url + path)

    def job(self, job_id: int) -> str:
        return f"{self.url}/queue/{job_id}"


def _part(name: str) -> str:
    return quote(name, safe="@")
