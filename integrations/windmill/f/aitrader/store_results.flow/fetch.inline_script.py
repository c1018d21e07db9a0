from typing import Any

from f.aitrader.rest import call

PAGE = 500


def main(
    url: str, job_id: int, token: str | None = None, market: str | None = None
) -> list[dict[str, Any]]:
    """The results that a job made, one row for each model and session."""
    market = market or "us"
    found: list[dict[str, Any]] = []
    while True:
        asked = {"job_id": job_id, "detail": "minimal", "limit": PAGE, "offset": len(found)}
        rows = call(url, "/results", token, market=market, **asked)["results"]
        found += [
            {"market": market, "model": r["model"], "date": r["date"], "result": r} for r in rows
        ]
        if len(rows) < PAGE:
            return found
