"""Decides a run manifest's days again: no network, no database, its archive alone."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from aitrader_core.agents.llm.calls import MemoryCalls
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.model_day import Manifest
from aitrader_core.exchange.price_members import Priced
from aitrader_core.exchange.run_file import RunFile
from aitrader_core.exchange.run_verifying import differing
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import runners
from aitrader_core.runner.comparing import Difference
from aitrader_core.runner.model_day import Trader
from aitrader_core.runner.remaking import remade
from aitrader_core.runner.replaying import Notes, Replayed, Told, difference
from aitrader_core.runner.taping import tape_of
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.history import Record

Prices = Callable[[RunFile], Priced]  # from elsewhere, for a run that has none


def replay_run(
    run: RunFile,
    inference: RunnerOptions,
    prices: Prices | None = None,
    told: Told = lambda *_: None,
) -> Iterator[Replayed]:
    """Every model, and the first difference of each day that has one; its networks run by
    `inference`.

    InputError where the prices, which are not in the archive, are not those of the run.
    """
    tape, done = run_tape(run, prices), 0
    traders, total = partial(_trader, run, inference), sum(map(len, run.records.values()))
    told(done, total)
    for model, kept in run.records.items():
        found, notes = [], Notes()
        for record, again in remade(run.arena, tape, kept, traders, _ticks):
            fault = difference(run.arena, tape, record, again)
            found += [Difference(model, record.day.session, fault)] if fault else []
            notes.take(record.day, again)
            done += 1
            told(done, total)
        yield Replayed(model, len(kept), tuple(found), notes.told)


def run_tape(run: RunFile, prices: Prices | None = None) -> Tape:
    """Of all the sessions that the run could see."""
    priced = run.priced if run.has_prices else _others(run, prices)
    return tape_of(run.arena, run.sessions, priced.bars, priced.actions, run.names)


def _others(run: RunFile, prices: Prices | None) -> Priced:
    if prices is None:
        raise InputError(f"{run.path} has no prices: give them with --prices FILE")
    found = prices(run)
    if fault := differing(run.manifest.prices.symbols, found.by_symbol()):
        raise InputError(f"these are not the prices that the run was made from: {fault}")
    return found


def _ticks(_trader: Trader, session: date, manifest: Manifest) -> None:
    """They are too many for an archive."""
    if "ticks" in manifest.agent:
        raise InputError(
            f"{session} was traded on ticks, which a run manifest does not carry: replay it where "
            "they are kept, with `aitrader replay`"
        )


def _trader(run: RunFile, inference: RunnerOptions, record: Record) -> Trader:
    day = record.day
    calls = run.calls.get((day.model, day.session)) or MemoryCalls()
    connections = Connections(
        day.market, day.model, calls=calls, mode="replay", runners=runners(inference)
    )
    return run.arena.trader(day.model, connections)
