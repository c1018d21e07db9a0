"""The ticks of a recording: trades and quotes as columns, each with what is known after it."""

from dataclasses import dataclass

from aitrader_core.market.ticks.findings import Findings
from aitrader_core.market.ticks.recording import Recording
from aitrader_core.market.ticks.source import Quotes
from aitrader_core.simulation.ticks import Ticks


@dataclass(frozen=True)
class Made:
    """`findings` are those of the recording and of its order books."""

    ticks: Ticks
    findings: Findings


def make_ticks(recording: Recording, quotes: Quotes = "recorded") -> Made:
    """Oldest first by receive time, file order among equals."""
    raise NotImplementedError
