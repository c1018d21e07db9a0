"""What people and programs ask of a large ledger, and how often."""

from collections.abc import Callable, Sequence
from datetime import date
from random import Random

from benchmarks.results.clients import Ask
from benchmarks.results.ledger import Ledger

_EACH = 25  # addresses of a kind: enough that not every answer was given before


def pages(here: Ledger) -> list[tuple[str, str]]:
    """Names and addresses of what the dashboard shows."""
    model, session = here.models[0], here.sessions[len(here.sessions) // 2]
    arena = "/arenas/us"
    return [
        ("leaderboard", arena),
        ("a model", f"{arena}/models/{model}"),
        ("a model-day", f"{arena}/models/{model}/{session}"),
        ("a session", f"{arena}/sessions/{session}"),
        ("two models compared", f"{arena}/compare?model={model}&model={here.models[1]}"),
    ]


def asks(
    models: Sequence[str], sessions: Sequence[date], tag_of: Callable[[str], str]
) -> list[Ask]:
    """Of a hundred: 25 leaderboards, 20 dates, 20 years of a model, 5 whole curves, 15 that have
    not changed, 5 dates with every order, 5 lists of models, 5 states."""
    chance = Random(1)

    def model() -> str:
        return chance.choice(models)

    def session() -> date:
        return chance.choice(sessions)

    def year() -> str:
        at = chance.randrange(max(1, len(sessions) - 252))
        span = f"start={sessions[at]}&end={sessions[min(at + 251, len(sessions) - 1)]}"
        return f"/portfolio/timeseries?model={model()}&{span}"

    def many(make: Callable[[], str], percent: float, *, known: bool = False) -> list[Ask]:
        paths = [make() for _ in range(_EACH)]
        return [Ask(p, percent / _EACH, tag_of(p) if known else None) for p in paths]

    return [
        Ask("/leaderboard", 20),
        Ask("/leaderboard?judgement=true", 5),
        *many(lambda: f"/results?date={session()}&limit=100", 20),
        *many(year, 20),
        *many(lambda: f"/portfolio/timeseries?model={model()}", 5),
        *many(year, 10, known=True),
        Ask("/leaderboard", 5, tag_of("/leaderboard")),
        *many(lambda: f"/results?date={session()}&detail=full&limit=100", 5),
        Ask("/models", 5),
        Ask("/status", 5),
    ]
