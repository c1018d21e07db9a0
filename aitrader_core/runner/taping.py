"""A tape for an arena, and the sessions on it that nobody may trade."""

from collections.abc import Mapping, Sequence
from datetime import date

from aitrader_core.domain.market import Bar, CorporateAction
from aitrader_core.market.gaps import Jump, suspicious_jumps
from aitrader_core.runner.arena import Arena
from aitrader_core.simulation.tape import Tape


def tape_of(
    arena: Arena,
    sessions: Sequence[date],
    bars: Sequence[Bar],
    actions: Sequence[CorporateAction],
    names: Mapping[date, str],
) -> Tape:
    """`names` are the source and vintage of what is shown on each session."""
    doubted = {jump.session: not_trusted(arena, jump) for jump in suspects(arena, bars, actions)}
    return Tape(sessions, bars, actions, depth=arena.history, prices=names, suspect=doubted)


def suspects(arena: Arena, bars: Sequence[Bar], actions: Sequence[CorporateAction]) -> list[Jump]:
    """Jumps that no corporate action explains and nobody accepted."""
    jumps = suspicious_jumps(bars, actions)
    return [jump for jump in jumps if (jump.symbol, jump.session) not in arena.accepted_jumps]


def not_trusted(arena: Arena, jump: Jump) -> str:
    """Why nobody may trade on the session of `jump`, and what to do about it."""
    return (
        f"{jump} Import the corporate action (aitrader prices import --market "
        f"{arena.market} --actions FILE), or put {jump.symbol} {jump.session} among the "
        "arena's accepted_jumps"
    )
