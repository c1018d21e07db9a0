"""What a leaderboard comes to, in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any

from aitrader_core.results.judgement import NO, YES
from aitrader_core.web.pages.wording import chance, counted, listed

Judged = Mapping[str, Any]
_FEW = 3  # names that are told one by one


def finding(judgement: Judged) -> str:
    """Who beats the benchmark, in one sentence."""
    benchmark = judgement["benchmark"]
    if benchmark is None:
        return "There is no buy-and-hold to hold these models against."
    if judgement["spa_p_value"] is None:
        return "It is too early to tell anybody from chance."
    winners = [f["family"] for f in judgement["families"] if f["beats_benchmark"] == YES]
    if not winners:
        return f"Nobody is shown to beat {benchmark}."
    verb = "beats" if len(winners) == 1 else "beat"
    return f"{named(winners)} {verb} {benchmark}, and not by chance."


def meaning(judgement: Judged) -> str:
    """How sure that is: how many were tried, and what chance alone would do."""
    tried, p_value = judgement["tried"], judgement["spa_p_value"]
    if judgement["benchmark"] is None or p_value is None:
        return "Under 20 sessions in common with a benchmark, nothing is judged."
    often = "hardly ever" if p_value < 0.001 else f"{100 * p_value:.0f} times in 100"
    best = "it" if tried == 1 else "the best of so many"
    return (
        f"{counted(tried, 'model').capitalize()} {'was' if tried == 1 else 'were'} tried. "
        f"Chance alone would make {best} look so much better {often} "
        f"(SPA p-value {chance(p_value)})."
    )


def verdict(family: Judged) -> str:
    """Of one family, against the benchmark."""
    if family["beats_benchmark"] is None:
        return "the benchmark"
    return {YES: "beats it", NO: "falls behind"}.get(
        family["beats_benchmark"], "cannot be told apart"
    )


def alike(family: Judged, judgement: Judged) -> str:
    """Whom it cannot be told apart from, as shortly as can be."""
    others = [f["family"] for f in judgement["families"] if f["family"] != family["family"]]
    same = list(family["indistinguishable_from"])
    apart = [name for name in others if name not in same]
    if not same:
        return "nobody: it differs from everyone"
    if not apart:
        return "everyone else" if len(same) > 1 else same[0]
    if len(apart) <= _FEW < len(same):
        return f"everyone but {listed(apart)}"
    return listed(same)


def named(names: Sequence[str]) -> str:
    """The first few by name, the others as a number."""
    if len(names) <= _FEW + 1:
        return listed(list(names))
    return f"{', '.join(names[:_FEW])} and {len(names) - _FEW} others"
