"""Where everything is: the only place that knows the addresses of pages."""

from collections.abc import Iterable
from datetime import date
from urllib.parse import quote, urlencode

Query = str | int | None
_MOST = 50_000  # points that one answer may have


def arena(market: str) -> str:
    return f"/arenas/{_part(market)}"


def compare(market: str, models: Iterable[str] = (), **query: Query) -> str:
    pairs = [*(("model", model) for model in models), *_given(query)]
    return with_query(f"{arena(market)}/compare", pairs)


def model(market: str, name: str) -> str:
    return f"{arena(market)}/models/{_part(name)}"


def model_day(market: str, name: str, session: date | str) -> str:
    return f"{model(market, name)}/{session}"


def session(market: str, day: date | str) -> str:
    return f"{arena(market)}/sessions/{day}"


def sessions_compared(market: str, day: date | str, left: str, right: str) -> str:
    """Two models on one session, side by side."""
    return with_query(f"{session(market, day)}/compare", [("model", left), ("model", right)])


def entry(market: str, name: str, day: date | str, number: int, attempt: int | None = None) -> str:
    """The whole text of one entry of a transcript, of a failed attempt where one is given."""
    path = f"{model_day(market, name, day)}/entries/{number}"
    return with_query(path, [("attempt", attempt)])


def backtests(market: str, **query: Query) -> str:
    return with_query(f"{arena(market)}/backtests", _given(query))


def backtest(market: str, backtest_id: int, **query: Query) -> str:
    return with_query(f"{arena(market)}/backtests/{backtest_id}", _given(query))


def suggestions(market: str, **query: Query) -> str:
    return with_query(f"{arena(market)}/suggestions", _given(query))


def scan(market: str, scan_id: int) -> str:
    return f"{arena(market)}/suggestions/{scan_id}"


def trading(market: str) -> str:
    """The kill switch."""
    return f"{arena(market)}/trading"


def trail(market: str, name: str, day: date | str) -> str:
    """What happened to a model-day's orders, by the REST service."""
    return f"/trail/{_part(market)}/{_part(name)}/{day}"


def queue(**query: Query) -> str:
    return with_query("/queue", _given(query))


def job(job_id: int, **query: Query) -> str:
    return with_query(f"/queue/{job_id}", _given(query))


def report(market: str) -> str:
    return f"{arena(market)}/report.html"


def definition(key: str) -> str:
    return f"/definitions#{key}"


def export(path: str, style: str, **query: Query) -> str:
    """Of the REST service: `style` is csv, parquet or json."""
    return with_query(path, _given({**query, "format": style}))


def export_of(path: str, models: Iterable[str], style: str, **query: Query) -> str:
    """As `export`, of some models."""
    pairs: list[tuple[str, Query]] = [("model", model) for model in models]
    return with_query(path, [*_given({**query, "format": style}), *pairs])


def series(
    market: str, models: Iterable[str], first: date | None, last: date | None, style: str
) -> str:
    """Every session of some models, by the REST service."""
    pairs: list[tuple[str, Query]] = [("market", market), *(("model", m) for m in models)]
    pairs += [(key, day.isoformat()) for key, day in (("start", first), ("end", last)) if day]
    return with_query("/portfolio/timeseries", [*pairs, ("limit", _MOST), ("format", style)])


def dagster_asset(dagster: str, market: str, day: date | str, name: str) -> str:
    """The partition of a model-day in Dagster's own pages."""
    return f"{dagster}/assets/{_part(market)}/model_day?" + urlencode(
        {"view": "partitions", "partition": f"{day}|{name}"}
    )


def dagster_assets(dagster: str, market: str) -> str:
    return f"{dagster}/assets/{_part(market)}/model_day"


def dagster_run(dagster: str, run_id: str) -> str:
    return f"{dagster}/runs/{_part(run_id)}"


def with_query(path: str, pairs: Iterable[tuple[str, Query]]) -> str:
    asked = urlencode([(key, value) for key, value in pairs if value is not None])
    return f"{path}?{asked}" if asked else path


def _given(query: dict[str, Query]) -> list[tuple[str, Query]]:
    return [(key, value) for key, value in query.items() if value is not None]


def _part(name: str) -> str:
    return quote(name, safe="@")
