from typing import Any

from f.aitrader.rest import call

PAGE = 1_000


def main(
    url: str, job_id: int, token: str | None = None, market: str | None = None
) -> list[dict[str, Any]]:
    """The results that a job made, one row for each model and session."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"market": market or "us", "job_id": job_id, "limit": PAGE, "cursor": cursor}
        page = call(url, "/results", token, detail="minimal", **asked)
        found += [
            {"market": page["market"], "model": r["model"], "session": r["session"], "result": r}
            for r in page["results"]
        ]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
