"""The partitions of one market: its sessions, and sessions x models."""

from dataclasses import dataclass
from datetime import datetime, time

import dagster as dg

from aitrader_core.domain.errors import ConfigError
from aitrader_core.runner.arena import Arena

DATE, MODEL = "date", "model"


@dataclass(frozen=True)
class MarketPartitions:
    """Keys are `2012-06-01` for a session and `2012-06-01|momentum` for a model-day."""

    sessions: dg.TimeWindowPartitionsDefinition
    models: dg.DynamicPartitionsDefinition
    model_days: dg.MultiPartitionsDefinition

    def split(self, key: str) -> tuple[str, str]:
        """Session and model of a model-day's key."""
        parts = self.model_days.get_partition_key_from_str(str(key)).keys_by_dimension
        return parts[DATE], parts[MODEL]


def market_partitions(arena: Arena) -> MarketPartitions:
    after_last = arena.calendar.next(arena.last_session)
    if after_last is None:
        raise ConfigError(f"{arena.market}: last_session is the last of the calendar's horizon")
    sessions = dg.TimeWindowPartitionsDefinition(
        cron_schedule=f"0 0 * * {open_weekdays(arena.calendar.weekmask)}",
        start=arena.first_session.isoformat(),
        end=after_last.isoformat(),
        fmt="%Y-%m-%d",
        timezone=arena.calendar.timezone,
        end_offset=1,  # today's session is a partition today, not when it is over
        exclusions=[datetime.combine(day, time()) for day in arena.calendar.holidays],
    )
    models = dg.DynamicPartitionsDefinition(name=f"{arena.market}_models")
    return MarketPartitions(
        sessions, models, dg.MultiPartitionsDefinition({DATE: sessions, MODEL: models})
    )


# A model-day follows the same model's previous session; the first session follows nothing.
PREVIOUS_SESSION = dg.MultiPartitionMapping(
    {
        DATE: dg.DimensionPartitionMapping(
            DATE, dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
        ),
        MODEL: dg.DimensionPartitionMapping(MODEL, dg.IdentityPartitionMapping()),
    }
)


def open_weekdays(weekmask: str) -> str:
    """Cron's weekdays (0 is Sunday) of a mask that begins on Monday."""
    return ",".join(str((day + 1) % 7) for day, is_open in enumerate(weekmask) if is_open == "1")
