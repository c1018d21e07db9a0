"""Models that say too much, for pages to bear."""

from dataclasses import dataclass
from decimal import Decimal

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.simulation.desk import Desk
from tests.small import A

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</div></details><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- </title><iframe srcdoc='<b>'>",
    "&lt;b&gt; \u202e backwards",
)
BIG = 10_000_000  # characters of one answer


@dataclass(frozen=True)
class Hostile:
    """Puts markup wherever a model can put words."""

    def trade(self, desk: Desk) -> Ending:
        for number, text in enumerate(PAYLOADS):
            desk.transcript.add("model", text)
            desk.transcript.add("call", f'{{"{number}<b>": {_quoted(text)}}}', text, text)
            desk.buy(Symbol(text), Decimal(1))
            desk.transcript.add("tool", f"error: {text}", text, text)
            desk.transcript.add(text, text)
        desk.transcript.add("call", PAYLOADS[0], "odd", "no answer")
        desk.buy(A, Decimal(1))
        desk.correct(A, Decimal(1), Decimal(0), PAYLOADS[1])
        return Ending.STEP_LIMIT

    def summarise(self, _: Desk) -> str:
        return "".join(PAYLOADS)


@dataclass(frozen=True)
class Talkative:
    """Is told ten megabytes, and says a thousand things."""

    def trade(self, desk: Desk) -> Ending:
        desk.transcript.add("call", "{}", "history", "1")
        desk.transcript.add("tool", "x" * BIG, "history", "1")
        for number in range(1000):
            desk.say(f"thought {number} " + "y" * 500)
        return Ending.DONE


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
