"""The kind `llm`: a language model's configuration, and the agent it becomes once connected."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.chat import Chat
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.dialect import Dialect
from aitrader_core.agents.llm.disguise import Disguise, undisguised
from aitrader_core.agents.llm.news import JINA, KEY_VARIABLE
from aitrader_core.agents.llm.pricing import TokenPrices, price_list, priced
from aitrader_core.agents.llm.prompt import read_prompt
from aitrader_core.agents.llm.tools import WITHOUT_NEWS, ToolName
from aitrader_core.domain.errors import ConfigError, LedgerError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Usage
from aitrader_core.simulation.desk import Desk

OPENAI = "https://api.openai.com/v1"
SCRIPTED = "scripted"  # the endpoint that answers from a script, without a network
_STRICT = {"extra": "forbid"}
_OURS = ("model", "messages", "input", "tools", "stream", "stream_options", "instructions")


@dataclass(frozen=True)
class Limit:
    """The most that may be spent, in dollars and in tokens; None is without limit."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    dollars: Annotated[float, Field(gt=0)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None


@dataclass(frozen=True)
class Budget:
    """Of one model-day, and of all that the model has ever paid for."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    day: Limit = Limit()
    model: Limit = Limit()


@dataclass(frozen=True)
class LanguageModel:
    """A language model behind any OpenAI-compatible endpoint.

    `endpoint` is its base URL: the environment's OPENAI_API_BASE or OpenAI's own unless given.
    `api_key_variable` names the variable that holds the key. `parameters` go into each request as
    they are. `deadline` is for a model-day, `timeout` for a try of a request, both in seconds.
    The tool `news` asks `search_endpoint`, with the key that JINA_API_KEY holds.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    model: str
    prompt: str = "trader"
    endpoint: str | None = None
    api_key_variable: str = "OPENAI_API_KEY"
    api: Literal["chat", "responses"] = "chat"
    stream: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    tools: Annotated[tuple[ToolName, ...], Field(min_length=1)] = WITHOUT_NEWS
    max_steps: Annotated[int, Field(ge=1, le=1000)] = 30
    deadline: Annotated[float, Field(gt=0)] = 600.0
    timeout: Annotated[float, Field(gt=0)] = 120.0
    tries: Annotated[int, Field(ge=1, le=20)] = 4
    budget: Budget = Budget()
    token_prices: TokenPrices | None = None
    summary: Literal["ledger", "model"] = "ledger"
    anonymise: bool = False
    seed: int = 0
    search_endpoint: str = JINA

    def __post_init__(self) -> None:
        if taken := [name for name in self.parameters if name in _OURS]:
            raise ValueError(f"parameters.{taken[0]} is for aitrader to set: remove it")
        try:
            json.dumps(self.parameters, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"parameters: can't be sent as JSON: {error}") from None
        if self.anonymise and "news" in self.tools:
            raise ValueError("tools: news tells what anonymise hides: remove one of the two")

    def prepared(
        self, config_dir: Path, environment: Mapping[str, str], symbols: Iterable[Symbol]
    ) -> "PreparedModel":
        """With its prompt read, and its endpoint known. Raises ConfigError."""
        listed = tuple(symbols)
        return PreparedModel(
            spec=self,
            instructions=read_prompt(config_dir / "prompts", self.prompt),
            base_url=self._base_url(environment),
            has_key=bool(environment.get(self.api_key_variable)),
            disguise=Disguise.drawn(listed, self.seed) if self.anonymise else undisguised(listed),
            search_url=base_url(self.search_endpoint, "search_endpoint"),
            has_search_key=bool(environment.get(KEY_VARIABLE)),
        )

    def _base_url(self, environment: Mapping[str, str]) -> str:
        if self.endpoint:
            return base_url(self.endpoint, "endpoint")
        return base_url(environment.get("OPENAI_API_BASE") or OPENAI, "OPENAI_API_BASE")

    def trade(self, desk: Desk) -> Ending:  # noqa: ARG002
        raise LedgerError(f"{self.model} is not prepared")  # a bug of ours: run by no arena


@dataclass(frozen=True)
class PreparedModel:
    """A language model as it stands in its arena; `repeat` is 1 for the model itself."""

    spec: LanguageModel
    instructions: str
    base_url: str
    has_key: bool
    disguise: Disguise
    repeat: int = 1
    connections: Connections | None = None
    search_url: str = JINA
    has_search_key: bool = False

    is_remote: ClassVar[bool] = True  # it waits for others most of its time

    @property
    def fingerprint(self) -> str:
        """Of what decides besides the configuration file itself."""
        return sha256(f"{self.base_url}\n{self.instructions}".encode()).hexdigest()[:16]

    @property
    def made_of(self) -> Mapping[str, str]:
        """For the manifest of a model-day."""
        return {
            "model": self.spec.model,
            "endpoint": self.base_url,
            "prompt": sha256(self.instructions.encode()).hexdigest()[:16],
            "price_list": price_list(self.spec.token_prices),
            **({"search": self.search_url} if "news" in self.spec.tools else {}),
        }

    @cached_property
    def dialect(self) -> Dialect:
        if self.spec.api == "responses":
            from aitrader_core.agents.llm.responses import Responses

            return Responses()
        return Chat()

    def repeated(self, number: int) -> "PreparedModel":
        """Another go at the same, with a seed and a record of its own."""
        return replace(self, repeat=number)

    def connected(self, connections: Connections) -> "PreparedModel":
        """Ready to trade."""
        return replace(self, connections=connections)

    def check(self, terms: Terms) -> None:
        """Raises ConfigError for a model that could not ask anybody, or spend without a limit."""
        offline = terms.is_offline
        if not (self.has_key or offline) and self.base_url == OPENAI:
            name = self.spec.api_key_variable
            raise ConfigError(
                f"{self.spec.model}: {name} is not set, without which {OPENAI} answers nobody: "
                f"export {name}, or give the model another endpoint"
            )
        if "news" in self.spec.tools and not (self.has_search_key or offline):
            raise ConfigError(
                f"{self.spec.model}: {KEY_VARIABLE} is not set, which its tool news needs: export "
                f"{KEY_VARIABLE}, or leave news out of its tools"
            )
        budget = self.spec.budget
        if (terms.in_dollars or budget.day.dollars or budget.model.dollars) and not self._is_priced:
            raise ConfigError(
                f"{self.spec.model}: its price is in no list, so that a budget in dollars would "
                "limit nothing: give the model token_prices, or a budget in tokens"
            )

    @property
    def _is_priced(self) -> bool:
        used = Usage(input_tokens=1, output_tokens=1)
        prices = self.spec.token_prices
        return priced(used, self.spec.model, self.base_url, prices).dollars is not None

    def trade(self, desk: Desk) -> Ending:
        if self.connections is None:
            raise LedgerError(f"{self.spec.model} is not connected")  # a bug: run by no floor
        from aitrader_core.agents.llm.session import Session

        with Session(self, self.connections, desk) as session:
            return session.trade()

    def summarise(self, desk: Desk) -> str:
        """The paragraph that the model-day ends with."""
        if self.connections is None:
            raise LedgerError(f"{self.spec.model} is not connected")
        from aitrader_core.agents.llm.session import Session

        with Session(self, self.connections, desk) as session:
            return session.summarise()


def base_url(endpoint: str, key: str) -> str:
    """Without the slash at its end. ConfigError, which does not repeat it, for what is no base URL
    or has a user and password in it; `key` is where it was given."""
    from urllib.parse import urlsplit

    if endpoint == SCRIPTED and key != "search_endpoint":
        return SCRIPTED
    try:
        parts = urlsplit(endpoint.strip())
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigError(f"{key}: is no URL such as {OPENAI}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"{key}: a URL with a password or a query would be stored with every call: name the "
            "variable of the key instead (api_key_variable)"
        )
    return endpoint.strip().rstrip("/")
