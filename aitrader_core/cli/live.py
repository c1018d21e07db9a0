"""aitrader live."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor
from aitrader_core.cli.printing import console, counted, money, print_json, print_table
from aitrader_core.cli.ticks_playing import address

if TYPE_CHECKING:
    from aitrader_core.domain.trading_state import TradingState
    from aitrader_core.patterns.pattern_trader import PatternTrader
    from aitrader_core.runner.floor import Floor
    from aitrader_core.runner.live import Live
    from aitrader_core.runner.live_desk import LiveDesk
    from aitrader_core.runner.live_summary import LiveSummary, Traded

_EVERY = 2_000_000_000  # ns between two looks at how it goes
_PLACES = 5  # faults of the feed that are told with their line

PAPER = "paper trading: a simulated venue, and nothing of it goes to the ledger"


@click.command()
@market_option
@click.option("--model", required=True, help="Of kind pattern.")
@click.option("--feed", required=True, metavar="HOST:PORT|-", help="Where ticks come from.")
@click.option(
    "--for", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="End then, if nothing else ends it.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Although the session was traded live before.")
@as_json_option
def live(
    market: str, model: str, feed: str, seconds: float | None, again: bool, as_json: bool
) -> None:
    """Let a model trade on ticks as they come, on paper, and measure how long its orders take.

    A feed tells lines of Binance's streams, each after its receive time in ns, or CSV trades, and
    may be held up. The model starts from its latest close; the kill switch stops it.
    """
    from aitrader_core.runner.live_desk import pattern_trader
    from aitrader_core.runner.live_rehearsal import rehearse
    from aitrader_core.runner.live_summary import summary_of
    from aitrader_core.serve.signals import Signals

    place = None if feed == "-" else address(feed)
    with ExitStack() as stack:
        floor = stack.enter_context(open_floor(market))
        trader = pattern_trader(floor.arena, model, floor.connections(model))
        rehearse(
            floor.arena, model, trader
        )  # before there is a feed that would have to wait for it
        descriptor = stack.enter_context(_connected(place))
        signals = stack.enter_context(Signals())
        trading = _trading(
            floor, model, trader, descriptor, seconds, again, lambda: bool(signals.count)
        )
        click.echo(PAPER, err=True)
        trading.run()
        summary = summary_of(trading, market, model)
        if as_json:
            print_json(summary.as_json())
        else:
            _tell_faults(trading)
            _print_summary(summary)
        if signals.number:
            sys.exit(128 + signals.number)


def _trading(
    floor: "Floor",
    model: str,
    trader: "PatternTrader",
    descriptor: int,
    seconds: float | None,
    again: bool,
    interrupted: Callable[[], bool],
) -> "Live":
    """Ready to run."""
    from aitrader_core.market.ticks.stream import TickStream
    from aitrader_core.runner.live import Live, Outlook
    from aitrader_core.runner.live_desk import open_desk, opening_before
    from aitrader_core.runner.live_inlet import Inlet
    from aitrader_core.runner.live_trail import TrailFile, trail_path
    from aitrader_core.storage.trading_states import TradingStates

    arena, clock, switches = floor.arena, time.monotonic_ns, TradingStates(floor.engine)
    market = arena.market

    def opened(session: date, state: "TradingState") -> "LiveDesk":
        opening = opening_before(floor, model, session)
        trail = TrailFile(trail_path(floor, model, session), again=again)
        return open_desk(arena, model, trader, session, opening, state, trail)

    names = getattr(arena.ticks, "symbols", {})
    outlook = Outlook(
        opened,
        clock,
        throw=lambda: switches.in_force(market, model),
        interrupted=interrupted,
        show=_Progress(clock),
        limit=None if seconds is None else int(seconds * 1e9),
    )
    return Live(TickStream("feed", arena.symbols, names), Inlet(descriptor, clock), outlook)


@contextmanager
def _connected(place: tuple[str, int] | None) -> Iterator[int]:
    """The descriptor of what `place` tells, or of stdin."""
    from aitrader_core.runner.live_inlet import connect

    if place is None:
        yield sys.stdin.fileno()
        return
    with connect(*place) as socket:
        yield socket.fileno()


class _Progress:
    """On a terminal, how it goes now and then; anywhere, once, that books are left alone."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock, self._told, self._ticks = clock, clock(), 0
        self._screen = console(err=True)
        self._is_watched = self._screen.is_terminal
        self._has_noticed = False

    def __call__(self, live: "Live") -> None:
        if live.stream.of_books and not self._has_noticed:
            self._has_noticed = True
            self._screen.print("order books of the feed are left alone: quotes are those it tells")
        if self._is_watched and (now := self._clock()) - self._told >= _EVERY:
            rate = (live.measured.ticks - self._ticks) / (now - self._told) * 1e9
            self._told, self._ticks = now, live.measured.ticks
            self._screen.print(_so_far(live, rate))


def _so_far(live: "Live", rate: float) -> str:
    said = f"{counted(live.measured.ticks, 'tick')} ({rate:,.0f} a second)"
    if live.desk is not None:
        said += f", {counted(live.desk.session.signals, 'signal')}"
    times = live.measured.to_order
    if (half := times.quantile(0.5)) is not None and (most := times.quantile(0.99)) is not None:
        said += f", {counted(times.count, 'order')} after {_us(half)}, p99 {_us(most)}"
    return said


def _tell_faults(live: "Live") -> None:
    found = list(live.stream.findings)
    for finding in found[:_PLACES]:
        click.echo(str(finding), err=True)
    if (more := live.stream.findings.faults - _PLACES) > 0:
        click.echo(f"and {more:,} more", err=True)


def _print_summary(summary: "LiveSummary") -> None:
    rows = [
        ("ending", summary.ending.value.replace("_", " ")),
        ("ticks", f"{summary.ticks:,} of {counted(summary.lines, 'line')}"),
        ("seconds", f"{summary.seconds:,.1f} ({summary.ticks_a_second:,.0f} ticks a second)"),
        ("lines left out", _counts(summary.findings) or "none"),
        ("behind the feed's times", f"{summary.behind_seconds:,.3f} s at most"),
        ("largest backlog", f"{summary.largest_backlog:,} bytes"),
        ("tick to order", _times(summary.tick_to_order)),
        ("of it in our hands", _times(summary.per_order)),
        ("per tick", _times(summary.per_tick)),
    ]
    if summary.traded is not None:
        rows += _traded_rows(summary.traded)
    print_table(("", f"{summary.market}/{summary.model}"), rows)


def _traded_rows(traded: "Traded") -> list[tuple[str, str]]:
    value = "unknown" if traded.value is None else money(traded.value)
    held = ", ".join(f"{quantity} {symbol}" for symbol, quantity in traded.positions.items())
    after = f"after {traded.opened_after}" if traded.opened_after else "with the initial cash"
    return [
        ("session", f"{traded.session}, {after}"),
        ("signals", f"{traded.signals:,}"),
        ("orders", f"{traded.orders:,}"),
        ("fills", f"{traded.fills:,}"),
        ("denied", _counts(traded.denied) or "none"),
        ("value", f"{value}, from {money(traded.value_at_start)}"),
        ("held", held or "cash alone"),
        ("trail", f"{counted(traded.entries, 'line')} in {traded.trail}"),
    ]


def _counts(by_name: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in by_name.items())


def _times(quantiles: Mapping[str, float]) -> str:
    if not quantiles:
        return "none was measured"
    names = ("p50", "p90", "p99", "max")
    return ", ".join(f"{name} {_us(int(quantiles[name] * 1000))}" for name in names)


def _us(ns: int) -> str:
    return f"{ns / 1e6:,.2f} ms" if ns >= 1_000_000 else f"{ns / 1e3:,.1f} us"
