"""What stored model-days took of others' time, tokens and money."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Engine, func, select

from aitrader_core.storage.schema import model_days

_HIGH = 0.9


@dataclass(frozen=True, slots=True)
class PastDays:
    """Means of so many days of a model; what is `high` was not exceeded on nine days of ten.

    Dollars are None where the price of one of them is not known.
    """

    days: int
    tokens: float
    high_tokens: int
    dollars: Decimal | None
    high_dollars: Decimal | None
    seconds: float


def past_days(
    engine: Engine, market: str, model: str, config: str | None = None
) -> PastDays | None:
    """Of the stored sessions that asked anybody; of one configuration only. None without any."""
    c = model_days.c
    tokens = c.input_tokens + c.output_tokens
    query = select(
        func.count().label("days"),
        func.avg(tokens).label("tokens"),
        func.percentile_disc(_HIGH).within_group(tokens).label("high_tokens"),
        func.avg(c.dollars).label("dollars"),
        func.percentile_disc(_HIGH).within_group(c.dollars).label("high_dollars"),
        func.avg(c.waited).label("seconds"),
        func.count(c.dollars).label("priced"),
    ).where(c.market == market, c.model == model, c.superseded_at.is_(None), c.call_count > 0)
    if config is not None:
        query = query.where(c.manifest["config"].astext == config)
    with engine.connect() as connection:
        row = connection.execute(query).one()
    if not row.days:
        return None
    dollars, high = (row.dollars, row.high_dollars) if row.priced == row.days else (None, None)
    return PastDays(
        row.days, float(row.tokens), int(row.high_tokens), dollars, high, float(row.seconds)
    )
