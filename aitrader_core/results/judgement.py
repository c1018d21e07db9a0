"""How sure a leaderboard's order is: what is said of it, and in which words."""

from dataclasses import asdict, dataclass
from typing import Any

ALPHA = 0.05
REPLICATIONS = 2000
YES, NO, UNSURE = "yes", "no", "cannot be told apart"


@dataclass(frozen=True, slots=True)
class FamilyVerdict:
    """What can be said of one model and its repeats; None where it can't be."""

    family: str
    models: tuple[str, ...]
    repeats: int
    family_sessions: int  # that all its runs have
    family_return: float | None
    interval_low: float | None
    interval_high: float | None
    p_value: float | None
    beats_benchmark: str | None  # None of the benchmark itself
    indistinguishable_from: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        alike = list(self.indistinguishable_from)
        return {**asdict(self), "models": list(self.models), "indistinguishable_from": alike}


@dataclass(frozen=True, slots=True)
class Gap:
    """One model with real names and dates against itself with invented ones."""

    family: str
    anonymous: str
    gap_sessions: int  # that both have
    mean_daily_gap: float
    mean_daily_low: float | None
    mean_daily_high: float | None
    total_gap: float
    total_low: float | None
    total_high: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`benchmark` is None where there is none to hold the families against."""

    benchmark: str | None
    alpha_level: float
    replications: int
    block_length: float | None
    tried: int
    spa_p_value: float | None
    method: str
    families: tuple[FamilyVerdict, ...]
    anonymised_gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, Any]:
        lists = {"families": [f.as_json() for f in self.families]}
        return {
            **asdict(self),
            **lists,
            "anonymised_gaps": [asdict(g) for g in self.anonymised_gaps],
        }

    def of(self, family: str) -> FamilyVerdict | None:
        return next((said for said in self.families if said.family == family), None)
