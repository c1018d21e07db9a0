"""The arguments of a tool call, checked: every fault becomes a sentence that helps the model."""

import json
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import WithJsonSchema

from aitrader_core.agents.llm.dialect import Garbled
from aitrader_core.agents.llm.sendable import sendable
from aitrader_core.domain.errors import ToolError

Parsed = TypeVar("Parsed", bound="Arguments")


class Arguments(BaseModel):
    """Of one tool. A field's description is what the model reads of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _quantity(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise ValueError(f"is {_shown(value)}: give a number without quotes, such as 10")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, Decimal) or value.as_tuple().exponent != 0:
        raise ValueError(f"is {_shown(value)}: give a whole number, such as 10")
    return int(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"is {_shown(value)}: give a text in quotes")
    return value


Quantity = Annotated[Decimal, BeforeValidator(_quantity), WithJsonSchema({"type": "number"})]
Whole = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Word = Annotated[str, Field(max_length=2_000), BeforeValidator(_text)]


def read_arguments(text: str, wanted: type[Parsed]) -> Parsed:
    """Raises ToolError naming the argument, what is wrong with it, and how to write it."""
    try:
        return wanted.model_validate(_json(text))
    except ValidationError as error:
        raise ToolError("; ".join(_sentence(fault, wanted) for fault in error.errors())) from None


def schema(wanted: type[Arguments]) -> dict[str, Any]:
    """As the API and MCP have it."""
    made = wanted.model_json_schema()
    fields = {
        name: {key: value for key, value in field.items() if key != "title"}
        for name, field in made.get("properties", {}).items()
    }
    return {
        "type": "object",
        "properties": fields,
        "required": made.get("required", []),
        "additionalProperties": False,
    }


def nearest(name: str, known: Sequence[str]) -> str:
    """A question with a space after it; nothing when nothing is near."""
    by_case = {k.casefold(): k for k in known}
    near = get_close_matches(name.casefold(), by_case, n=1)
    return f"did you mean {by_case[near[0]]}? " if near else ""


def _json(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_none)
        value = sendable(value)  # what is wrong with it is told in its own words
    except (ValueError, ArithmeticError, RecursionError, Garbled) as error:
        raise ToolError(f"the arguments are not JSON ({error}): send one JSON object") from None
    if isinstance(value, str):
        raise ToolError(
            "the arguments are a JSON object within a text: send the object itself, without quotes "
            "around it"
        )
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ToolError(f"the arguments are {_shown(value)}: send one JSON object")
    return value


def _none(name: str) -> Decimal:
    raise ValueError(f"{name} is not a number")


def _sentence(fault: Any, wanted: type[Arguments]) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else "the arguments"
    known = list(wanted.model_fields)
    if fault["type"] == "extra_forbidden":
        takes = ", ".join(known) or "none"
        return f"{name[:80]!r} is no argument: {nearest(name, known)}it takes {takes}"
    if fault["type"] == "missing":
        return f"{name} is missing: give {name}"
    said = fault["msg"].removeprefix("Value error, ")
    return f"{name} {said}" if said.startswith("is ") else f"{name}: {said}"


def _shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}..."
