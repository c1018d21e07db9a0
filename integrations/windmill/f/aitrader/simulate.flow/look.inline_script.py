from typing import Any

from f.aitrader.rest import call

FINAL = ("completed", "partial", "failed", "canceled")


def main(url: str, job_id: int, token: str | None = None) -> Any:
    """How the job is doing; is_final ends the loop."""
    found = call(url, f"/simulate/status/{job_id}", token)
    return {**found, "job_id": job_id, "is_final": found["status"] in FINAL}
