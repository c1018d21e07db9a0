"""The ticks of a session, for those who trade on them."""

from datetime import date

from aitrader_core.agents.agent import Agent
from aitrader_core.runner.floor import Floor
from aitrader_core.simulation.feed import Feed


def feed_of(_floor: Floor, _session: date, _agent: Agent) -> Feed | None:
    """None where a session is played from its bars."""
    return None
