"""A language model at one desk for one bar: its conversation, its limits, its bill."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aitrader_core.agents.llm.calls import Answer, Calls, Question
from aitrader_core.agents.llm.connections import NO_LIMIT, Allowance, Connections
from aitrader_core.agents.llm.dialect import Item, Reply, Tool
from aitrader_core.agents.llm.endpoint import Endpoint
from aitrader_core.agents.llm.loop import Stopped, converse
from aitrader_core.agents.llm.news import KEY_VARIABLE, NewsSearch
from aitrader_core.agents.llm.pricing import priced
from aitrader_core.agents.llm.prompt import request, system_prompt
from aitrader_core.agents.llm.secret import read_key
from aitrader_core.agents.llm.summary import ledger_summary, names_every_trade
from aitrader_core.agents.llm.tools import DeskTools
from aitrader_core.domain.errors import BudgetSpent, ProviderError
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Usage
from aitrader_core.simulation.desk import Desk

if TYPE_CHECKING:
    from aitrader_core.agents.llm.language_model import PreparedModel

_STOPS = {
    Outcome.DEADLINE: Ending.DEADLINE,
    Outcome.COST_LIMIT: Ending.COST_LIMIT,
    Outcome.FAILED: Ending.DONE,  # of what was not needed
}
_ASK_FOR_SUMMARY = (
    "The session is over. Say in one paragraph what you did and why. What really happened: {}"
)


class Session:
    """Closes what it opened when it is left."""

    def __init__(self, model: "PreparedModel", connections: Connections, desk: Desk) -> None:
        self._model, self._spec = model, model.spec
        self._connections, self._desk = connections, desk
        self._dialect = model.dialect
        site = CallSite(
            connections.market, connections.model, desk.view.session, 0, connections.request
        )
        made = desk.transcript.usage.calls  # before this bar
        self._calls = Calls(connections.calls, connections.mode, site, made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if "_endpoint" in self.__dict__:
            self._endpoint.close()

    def trade(self) -> Ending:
        spec, desk, disguise = self._spec, self._desk, self._model.disguise
        toolbox = DeskTools(desk, disguise, spec.tools, self._news)
        system, user = self._system, request(desk, disguise)
        desk.transcript.add("system", system)
        desk.transcript.add("user", user)
        items = self._dialect.opening(system, user)
        return converse(self._dialect, items, self._ask, toolbox, desk.transcript, spec.max_steps)

    @property
    def _system(self) -> str:
        spec, disguise = self._spec, self._model.disguise
        tools = ", ".join(spec.tools)
        return system_prompt(self._model.instructions, self._desk, disguise, tools, spec.max_steps)

    @property
    def _news(self) -> NewsSearch:
        return NewsSearch(
            endpoint=self._model.search_url,
            key=self._connections.environment.get(KEY_VARIABLE) or None,
            session=self._desk.view.session,
            calls=self._calls,
            transcript=self._desk.transcript,
            timeout=self._spec.timeout,
            seconds_left=lambda: self._seconds_left,
            clock=self._connections.clock,
        )

    def summarise(self) -> str:
        """By the model where it is asked to, with what it left out; else from the ledger."""
        facts = ledger_summary(self._desk)
        if self._spec.summary == "ledger":
            return facts
        shown = self._model.disguise.text(facts)
        items = self._dialect.opening(self._system, _ASK_FOR_SUMMARY.format(shown))
        try:
            text = self._ask(items, (), is_needed=False).text.strip()
        except Stopped:
            return facts  # the day is over, and stands without it
        return text if text and names_every_trade(text, self._desk) else f"{text} {facts}".strip()

    def _ask(
        self, items: Sequence[Item], tools: Sequence[Tool], *, is_needed: bool = True
    ) -> Reply:
        body = {
            "model": self._spec.model,
            **self._dialect.body((), tools),
            **self._parameters,
            **(self._dialect.streamed if self._spec.stream else {}),
        }
        terms = {
            "endpoint": self._model.base_url,
            "path": self._dialect.path,
            "body": body,
            "repeat": self._model.repeat,
        }
        self._stop_at_day_limits()
        sent = {**body, **self._dialect.body(items, ())}
        question = Question(terms, tuple(items))
        call = self._calls.put(question, lambda: self._send(sent, is_needed=is_needed))
        return self._read(call)

    @cached_property
    def _parameters(self) -> dict[str, Any]:
        """With the repeat's own seed where there is one."""
        found = dict(self._spec.parameters)
        if isinstance(found.get("seed"), int):
            found["seed"] += self._model.repeat - 1
        return found

    def _read(self, call: ModelCall) -> Reply:
        said = json.loads(call.reply)
        transcript = self._desk.transcript
        if call.outcome in _STOPS:
            transcript.add("model", "", id=call.key, usage=call.usage)
            raise Stopped(_STOPS[call.outcome], said["why"])
        if call.outcome is Outcome.REFUSED:
            transcript.add("model", "", id=call.key, usage=call.usage)
            raise Stopped(Ending.REFUSED_BY_PROVIDER, said["said"])
        reply = self._dialect.read(said, self._calls.made)
        transcript.add("model", reply.text, id=call.key, usage=call.usage)
        if reply.refusal:
            transcript.add("provider", reply.refusal)
        return reply

    def _send(self, body: dict[str, Any], *, is_needed: bool) -> Answer:
        """Raises ProviderError for an answer that is needed and does not come."""
        if spent := self._spent():
            if self._calls.paid == 1 and not self._desk.transcript.usage.calls:
                raise BudgetSpent(spent)
            return _stop(Outcome.COST_LIMIT, spent, Usage())
        connections, left = self._connections, self._seconds_left
        began = connections.clock()
        try:
            said = self._endpoint.ask(self._dialect, body, left)
        except TimeoutError:
            why = f"{self._spec.deadline:g} s for the model-day are over"
            return _stop(Outcome.DEADLINE, why, Usage(seconds=round(left, 6)))
        except ProviderError as failure:
            if is_needed:
                raise
            seconds = round(connections.clock() - began, 6)
            return _stop(Outcome.FAILED, str(failure), Usage(seconds=seconds))
        seconds = round(connections.clock() - began, 6)
        usage = priced(
            self._dialect.usage(json.loads(said.text)),
            self._spec.model,
            self._model.base_url,
            self._spec.token_prices,
        )
        return Answer(said.outcome, said.text, replace(usage, seconds=seconds))

    def _spent(self) -> str | None:
        """Why nothing more may be paid for; None while it may."""
        limit, connections = self._spec.budget.model, self._connections
        allowed = Allowance(limit.dollars, limit.tokens)
        if allowed != NO_LIMIT and (what := allowed.exceeded(connections.spent_by_model())):
            return f"the model's budget of {what} is spent: raise budget.model"
        job = connections.job
        if job != NO_LIMIT and (what := job.exceeded(connections.spent_by_request())):
            return f"the job's budget of {what} is spent: submit another job"
        return None

    def _stop_at_day_limits(self) -> None:
        """By what the day's own record says, so that a replay stops at the same place."""
        used, limit = self._desk.transcript.usage, self._spec.budget.day
        if what := Allowance(limit.dollars, limit.tokens).exceeded(used):
            raise Stopped(Ending.COST_LIMIT, f"the day's budget of {what} is spent")
        if self._seconds_left <= 0:
            why = f"{self._spec.deadline:g} s for the model-day are over"
            raise Stopped(Ending.DEADLINE, why)

    @property
    def _seconds_left(self) -> float:
        return self._spec.deadline - self._desk.transcript.usage.seconds

    @cached_property
    def _endpoint(self) -> Endpoint:
        from aitrader_core.agents.llm.language_model import SCRIPTED

        url, transport = self._model.base_url, None
        if url == SCRIPTED:
            from aitrader_core.agents.llm.scripted import URL, transport_for

            url, transport = URL, transport_for()
        return Endpoint(
            url,
            read_key(self._connections.environment, self._spec.api_key_variable),
            self._spec.timeout,
            self._spec.tries,
            self._connections.sleep,
            transport,
        )


def _stop(outcome: Outcome, why: str, usage: Usage) -> Answer:
    return Answer(outcome, json.dumps({"why": why}), usage)
