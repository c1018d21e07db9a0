"""The kinds of model that a configuration can name."""

from aitrader_core.agents import rules
from aitrader_core.agents.agent import Agent
from aitrader_core.agents.llm.language_model import LanguageModel
from aitrader_core.agents.mcp.outside_agent import OutsideAgent
from aitrader_core.agents.onnx.policy import OnnxPolicy
from aitrader_core.agents.recorded import Recorded

BASELINES: dict[str, type[Agent]] = {
    "buy_and_hold": rules.BuyAndHold,
    "equal_weight": rules.EqualWeight,
    "momentum": rules.Momentum,
    "mean_reversion": rules.MeanReversion,
    "random": rules.RandomTrader,
    "inverse_volatility": rules.InverseVolatility,
}
KINDS: dict[str, type[Agent]] = {
    **BASELINES,
    "llm": LanguageModel,
    "mcp": OutsideAgent,
    "onnx": OnnxPolicy,
    "recorded": Recorded,
}
