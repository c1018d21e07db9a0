"""What can be said of a network's answers, and how sure one may be of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from aitrader_core.training.folds import Mask
from aitrader_core.training.samples import Samples

Floats = NDArray[np.float64]
_ENOUGH = 2.0  # standard errors from zero


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over sessions. `t` is how many standard errors it is from zero."""

    mean: float
    standard_error: float

    @property
    def t(self) -> float:
        return self.mean / self.standard_error if self.standard_error > 0 else 0.0

    @property
    def is_distinguishable(self) -> bool:
        return abs(self.t) >= _ENOUGH

    def as_yaml(self, digits: int) -> dict[str, float]:
        return {
            "mean": round(self.mean, digits),
            "standard_error": round(self.standard_error, digits),
            "t": round(self.t, 2),
        }


def estimate(series: Sequence[float], lags: int) -> Estimate:
    """Of values whose neighbours up to `lags` away share the same returns.

    Standard error: Newey and West, Econometrica 55 (1987), with Bartlett's weights.
    """
    values = np.asarray(series, np.float64)
    if not len(values):
        return Estimate(0.0, 0.0)
    away = values - values.mean()
    variance = float(away @ away)
    for lag in range(1, min(lags, len(values) - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(away[lag:] @ away[:-lag])
    return Estimate(float(values.mean()), max(variance, 0.0) ** 0.5 / len(values))


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well scores order the symbols of a session. Spreads are returns over the horizon."""

    samples: int
    sessions: int
    rank_ic: Estimate
    hit_rate: float
    spread: Estimate

    @property
    def decisive(self) -> Estimate:
        return self.rank_ic

    def as_yaml(self) -> dict[str, object]:
        return {
            "samples": self.samples,
            "sessions": self.sessions,
            "rank_ic": self.rank_ic.as_yaml(4),
            "hit_rate": round(self.hit_rate, 4),
            "spread": self.spread.as_yaml(6),
        }


def ranking(samples: Samples, scores: Floats, chosen: Mask) -> Ranking:
    """Of the `chosen` samples, session by session."""
    ics, spreads = [], []
    for rows in _sessions(samples, chosen):
        said, came = scores[rows], samples.targets[rows]
        ics.append(_correlation(ranks(said), ranks(came)))
        spreads.append(float(came[said.argmax()] - came[said.argmin()]))
    right = np.sign(scores[chosen]) == np.sign(samples.targets[chosen])
    lags = samples.horizon
    return Ranking(
        int(chosen.sum()),
        len(ics),
        estimate(ics, lags),
        float(right.mean()),
        estimate(spreads, lags),
    )


@dataclass(frozen=True, slots=True)
class Calling:
    """How well rises are foretold. `gain` is how much less the log loss is than that of saying
    the share of rises that was learnt, whatever the window."""

    samples: int
    sessions: int
    accuracy: float
    rises: float
    log_loss: float
    base_log_loss: float
    auc: float
    gain: Estimate

    @property
    def decisive(self) -> Estimate:
        return self.gain

    def as_yaml(self) -> dict[str, object]:
        return {
            "samples": self.samples,
            "sessions": self.sessions,
            "accuracy": round(self.accuracy, 4),
            "share_of_rises": round(self.rises, 4),
            "log_loss": round(self.log_loss, 4),
            "log_loss_of_base_rate": round(self.base_log_loss, 4),
            "auc": round(self.auc, 4),
            "log_loss_gain": self.gain.as_yaml(5),
        }


def calling(samples: Samples, rises: Floats, base: Floats, chosen: Mask) -> Calling:
    """`rises` are what the network says, `base` the share of rises among what it learnt from."""
    came, said = samples.targets[chosen], rises[chosen]
    loss, base_loss = _log_loss(rises, samples.targets), _log_loss(base, samples.targets)
    gains = [float((base_loss - loss)[rows].mean()) for rows in _sessions(samples, chosen)]
    return Calling(
        int(chosen.sum()),
        len(gains),
        float(((said > 0.5) == (came > 0.5)).mean()),
        float(came.mean()),
        float(loss[chosen].mean()),
        float(base_loss[chosen].mean()),
        auc(said, came),
        estimate(gains, samples.horizon),
    )


def auc(said: Floats, came: Floats) -> float:
    """The chance that a rise was given more than a fall was (Mann-Whitney); 0.5 without both."""
    rose = came > 0.5
    pairs = int(rose.sum()) * int((~rose).sum())
    if not pairs:
        return 0.5
    least = rose.sum() * (rose.sum() + 1) / 2
    return float((ranks(said)[rose].sum() - least) / pairs)


def ranks(values: Floats) -> Floats:
    """From 1 up; equal values share the mean of theirs."""
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    del unique
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)


def _correlation(one: Floats, other: Floats) -> float:
    """Zero where either is the same throughout."""
    one, other = one - one.mean(), other - other.mean()
    size = float((one @ one) * (other @ other)) ** 0.5
    return float(one @ other) / size if size else 0.0


def _log_loss(rises: Floats, targets: Floats) -> Floats:
    likelihood = np.where(targets > 0.5, rises, 1.0 - rises)
    return np.asarray(-np.log(np.clip(likelihood, 1e-12, 1.0)), np.float64)


def _sessions(samples: Samples, chosen: Mask) -> Iterator[list[int]]:
    """The chosen rows of each session that has any."""
    rows = np.flatnonzero(chosen).tolist()
    of = samples.at.tolist()
    for _, group in groupby(((of[row], row) for row in rows), key=itemgetter(0)):
        yield [row for _, row in group]
