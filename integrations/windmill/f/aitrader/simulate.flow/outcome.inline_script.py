from typing import Any


def main(looks: list[Any], accept_partial: bool | None = None) -> Any:
    """The job as it was at the last look. A partial one has days that others may want."""
    last = looks[-1]
    accepted = ("completed",) if accept_partial is False else ("completed", "partial")
    if last["status"] not in accepted:
        raise RuntimeError(
            f"job {last['job_id']} is {last['status']}: see `aitrader jobs show {last['job_id']}`"
        )
    return last
