"""aitrader backtest: run, list, show."""

import sys
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_engine, open_floor
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.storage.backtest import Backtest

_BEST = 10  # combinations that are shown after a run


@click.group()
def backtest() -> None:
    """A model in every configuration of a grid, in memory; the ledger stays as it is."""


@backtest.command()
@click.option("--model", required=True, help="Whose configuration is varied.")
@click.option("--from", "first", required=True, metavar="DATE", help="The first session.")
@click.option("--to", "last", required=True, metavar="DATE", help="The last session.")
@click.option(
    "--set",
    "grid",
    multiple=True,
    metavar="KEY=A,B",
    help="Values of a parameter, strategy.entry=1,2; may be repeated: every combination is tried.",
)
@click.option("--train-until", metavar="DATE", help="Rank by the sessions up to it, not by later.")
@market_option
@as_json_option
def run(
    model: str,
    first: str,
    last: str,
    grid: tuple[str, ...],
    train_until: str | None,
    market: str,
    as_json: bool,
) -> None:
    """Try every combination, and keep what each made; exit 1 unless all could be tried."""
    from aitrader_core.cli.backtests_printing import ranked_by, show_backtest
    from aitrader_core.cli.progress import Meter
    from aitrader_core.runner.backtests import run_backtest
    from aitrader_core.runner.requests import parse_date
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.runner.variants import grid_of
    from aitrader_core.storage.backtest import BacktestRequest
    from aitrader_core.storage.backtests import Backtests

    until = None if train_until is None else parse_date(train_until)
    span = parse_date(first), parse_date(last)
    request = BacktestRequest(market, model, *span, grid_of(grid), "cli", until)
    with open_floor(market) as floor:
        with Meter("combination") as meter:
            config_dir = load_settings().config_dir
            backtest_id = run_backtest(floor, config_dir, request, progress=meter)
        store = Backtests(floor.engine)
        found = known(store.get(backtest_id), backtest_id)
        limit = None if as_json else _BEST
        trials = store.trials(backtest_id, by=ranked_by(found), limit=limit, equity=as_json)
    show_backtest(found, trials, as_json=as_json)
    if found.status.value != "completed":
        sys.exit(1)


@backtest.command("list")
@click.option("--market", help="Of one arena alone.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@as_json_option
def list_backtests(market: str | None, limit: int, as_json: bool) -> None:
    """The latest backtests, newest first."""
    from aitrader_core.cli.backtests_printing import as_row, backtest_json
    from aitrader_core.storage.backtests import Backtests

    with open_engine() as engine:
        found = Backtests(engine).latest(limit, market)
    if as_json:
        print_json([backtest_json(each) for each in found])
    elif not found:
        say("there are no backtests: run `aitrader backtest run`")
    else:
        columns = ("id", "status", "market", "model", "sessions", "tried", "best")
        print_table(columns, map(as_row, found), right=("id", "tried"))


@backtest.command()
@click.argument("backtest_id", metavar="ID", type=int)
@click.option("--by", metavar="METRIC", help="Sort by it, the highest first; else as it is ranked.")
@click.option("--limit", type=click.IntRange(min=1), help="Of combinations; all by default.")
@click.option("--csv", "as_csv", is_flag=True, help="A line of CSV for each combination.")
@as_json_option
def show(backtest_id: int, by: str | None, limit: int | None, as_csv: bool, as_json: bool) -> None:
    """One backtest: every combination, and how much of the best may be luck."""
    from aitrader_core.cli.backtests_printing import ranked_by, show_backtest, write_csv
    from aitrader_core.storage.backtests import Backtests

    metric = None if by is None else _metric(by)
    with open_engine() as engine:
        store = Backtests(engine)
        found = known(store.get(backtest_id), backtest_id)
        ranked = metric or ranked_by(found)
        trials = store.trials(backtest_id, by=ranked, limit=limit, equity=as_json)
    if as_csv:
        write_csv(found, trials)
    else:
        show_backtest(found, trials, as_json=as_json)


def known(found: "Backtest | None", backtest_id: int) -> "Backtest":
    from aitrader_core.domain.errors import InputError

    if found is None:
        raise InputError(f"there is no backtest {backtest_id}: see `aitrader backtest list`")
    return found


def _metric(name: str) -> str:
    from dataclasses import fields

    from aitrader_core.domain.errors import InputError
    from aitrader_core.results.metrics import Metrics
    from aitrader_core.runner.config import did_you_mean

    there = [field.name for field in fields(Metrics)]
    if name not in there:
        hint = did_you_mean(name, there)
        raise InputError(f"there is no metric {name!r}: {hint}there are {', '.join(there)}")
    return name
