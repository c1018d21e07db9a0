"""Whatever a model writes as arguments is either meant so, or answered with a way out."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field

from aitrader_core.agents.llm.arguments import (
    Arguments,
    Quantity,
    Whole,
    Word,
    nearest,
    read_arguments,
    schema,
)
from aitrader_core.domain.errors import ToolError


class Wanted(Arguments):
    symbol: Word = Field(description="Which.")
    quantity: Quantity
    bars: Whole = 20


GOOD: dict[str, Any] = {"symbol": "AAA", "quantity": 10}


def refused(text: str) -> str:
    with pytest.raises(ToolError) as error:
        read_arguments(text, Wanted)
    return str(error.value)


def test_numbers_are_exact() -> None:
    read = read_arguments('{"symbol": "AAA", "quantity": 0.1, "bars": 5}', Wanted)
    assert (read.symbol, read.quantity, read.bars) == ("AAA", Decimal("0.1"), 5)
    assert str(read_arguments('{"symbol": "", "quantity": 10.0}', Wanted).quantity) == "10.0"
    digits = "1" * 5000
    assert read_arguments(f'{{"symbol": "", "quantity": {digits}}}', Wanted).quantity == int(
        Decimal(digits)
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"quantity": "ten"}, 'quantity is "ten": give a number without quotes, such as 10'),
        ({"quantity": "10"}, 'quantity is "10": give a number without quotes, such as 10'),
        ({"quantity": None}, "quantity is null: give a number without quotes, such as 10"),
        ({"quantity": True}, "quantity is true: give a number without quotes, such as 10"),
        ({"quantity": [10]}, 'quantity is ["10"]: give a number without quotes, such as 10'),
        ({"bars": 5.0}, 'bars is "5.0": give a whole number, such as 10'),
        ({"bars": 5.5}, 'bars is "5.5": give a whole number, such as 10'),
        ({"bars": 0}, "bars: Input should be greater than or equal to 1"),
        ({"symbol": None}, "symbol is null: give a text in quotes"),
        ({"symbol": 7}, 'symbol is "7": give a text in quotes'),
        ({"symbol": "A" * 2001}, "symbol: String should have at most 2000 characters"),
        ({"quantity": "\ud800"}, 'quantity is "\ufffd": give a number without quotes'),
        ({"\ud800": 1}, "'\ufffd' is no argument: it takes symbol"),
        ({"Symbol": "AAA"}, "'Symbol' is no argument: did you mean symbol? it takes symbol,"),
        ({"date": "2013-01-01"}, "'date' is no argument: it takes symbol, quantity, bars"),
        ({"context": {"session": 1}}, "'context' is no argument: it takes symbol, quantity, bars"),
    ],
)
def test_a_wrong_argument_is_told(change: dict[str, Any], sentence: str) -> None:
    assert refused(json.dumps(GOOD | change)).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "symbol is missing: give symbol; quantity is missing: give quantity"),
        ("", "symbol is missing"),
        ("null", "symbol is missing"),
        ('{"symbol": "AAA"}', "quantity is missing: give quantity"),
        (json.dumps(json.dumps(GOOD)), "the arguments are a JSON object within a text: send the"),
        ("[]", "the arguments are []: send one JSON object"),
        ("7", 'the arguments are "7": send one JSON object'),
        ("{'symbol': 'AAA'}", "the arguments are not JSON (Expecting property name"),
        ('{"symbol": "AAA"', "the arguments are not JSON"),
        ('{"symbol": "AAA", "quantity": NaN}', "the arguments are not JSON (NaN is not a number)"),
        ('{"quantity": -Infinity}', "the arguments are not JSON (-Infinity is not a number)"),
        (f'{{"quantity": 1e{"9" * 30}}}', "the arguments are not JSON"),
        ("[" * 100_000, "the arguments are not JSON (maximum recursion depth exceeded"),
        ('{"symbol": "\0"}', "the arguments are not JSON"),
    ],
)
def test_what_is_no_object_is_told(text: str, sentence: str) -> None:
    assert refused(text).startswith(sentence)


def test_a_sentence_is_short_whatever_was_sent() -> None:
    assert len(refused(json.dumps(GOOD | {"quantity": "x" * 100_000}))) < 200
    assert len(refused(json.dumps(GOOD | {"x" * 100_000: 1}))) < 200


def test_the_schema_says_the_same() -> None:
    told = schema(Wanted)
    assert told["properties"] == {
        "symbol": {"description": "Which.", "type": "string", "maxLength": 2000},
        "quantity": {"type": "number"},
        "bars": {"type": "integer", "minimum": 1, "default": 20},
    }
    assert told["required"] == ["symbol", "quantity"]
    assert told["additionalProperties"] is False


def test_a_near_name_is_offered() -> None:
    assert nearest("aapl", ["AAPL", "MSFT"]) == "did you mean AAPL? "
    assert nearest("zzz", ["AAPL", "MSFT"]) == ""
