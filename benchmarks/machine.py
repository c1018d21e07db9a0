"""What the figures were taken on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def machine() -> str:
    """One line; the load is that of the minute before the start."""
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return (
        f"{len(os.sched_getaffinity(0))} cores of {_processor()}, Python "
        f"{platform.python_version()}, load average at the start {load}, "
        f"{datetime.now(UTC):%Y-%m-%d}"
    )


def _processor() -> str:
    """As Linux names it, where it does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
