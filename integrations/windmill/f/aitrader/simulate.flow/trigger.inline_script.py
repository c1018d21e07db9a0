from typing import Any

from f.aitrader.rest import call


def main(
    url: str,
    token: str | None = None,
    market: str | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
    models: list[str] | None = None,
    replace_existing: bool | None = None,
    max_dollars: float | None = None,
) -> Any:
    """Queue a job; it waits its turn. Without dates each model goes on from its own last session.

    job_id is null when every model is up to date.
    """
    asked = {
        "market": market or "us",
        "start_date": start_date or None,
        "end_date": end_date or None,
        "models": models or None,
        "replace_existing": bool(replace_existing),
        "max_dollars": max_dollars,
        "queue": True,
    }
    return call(url, "/simulate/trigger", token, asked)
