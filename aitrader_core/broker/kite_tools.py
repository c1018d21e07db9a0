"""The twelve tools of Kite over MCP, and what each of them takes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import WithJsonSchema

from aitrader_core.broker.account import Product, Validity, Variety
from aitrader_core.broker.kite import KiteError
from aitrader_core.broker.limits import KITE

Price = Annotated[
    Decimal,
    Field(gt=0, max_digits=18, decimal_places=2),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
Quantity = Annotated[int, Field(ge=1, le=10**9)]
OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]


class Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Login(Arguments):
    request_token: str | None = Field(
        default=None, description="What the login page gave; without it, where that page is."
    )


class Quotes(Arguments):
    instruments: tuple[str, ...] = Field(
        min_length=1, description=f"Up to {KITE.instruments} of them, such as NSE:INFY."
    )


class PlaceOrder(Arguments):
    tradingsymbol: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: Quantity
    order_type: OrderType
    product: Product
    exchange: str = "NSE"
    variety: Variety = Variety.REGULAR
    validity: Validity = Validity.DAY
    price: Price | None = Field(default=None, description="Of LIMIT and SL.")
    trigger_price: Price | None = Field(default=None, description="Of SL and SL-M.")
    tag: str | None = Field(
        default=None, pattern=rf"^[A-Za-z0-9]{{1,{KITE.tag}}}$", description="The client's own id."
    )


class ModifyOrder(Arguments):
    order_id: str
    order_type: OrderType
    variety: Variety = Variety.REGULAR
    quantity: Quantity | None = None
    price: Price | None = None
    trigger_price: Price | None = None
    validity: Validity = Validity.DAY


class CancelOrder(Arguments):
    order_id: str
    variety: Variety = Variety.REGULAR


class OrderHistory(Arguments):
    order_id: str


TOOLS: Mapping[str, tuple[type[Arguments], str]] = {
    "login": (Login, "Log in: where to, and then with what came of it."),
    "get_profile": (Arguments, "Who is logged in."),
    "get_margins": (Arguments, "The cash, and what of it is free."),
    "get_holdings": (Arguments, "Shares that were there when the day began."),
    "get_positions": (Arguments, "What today's trades came to."),
    "get_quotes": (Quotes, "Last prices, bids and asks."),
    "place_order": (PlaceOrder, "Place an order; whether it is executed is told by get_orders."),
    "modify_order": (ModifyOrder, "Change an order that still works."),
    "cancel_order": (CancelOrder, "Cancel an order that still works."),
    "get_orders": (Arguments, "The orders of today."),
    "get_trades": (Arguments, "The executions of today."),
    "get_order_history": (OrderHistory, "What became of an order, step by step."),
}


def read(tool: str, arguments: Mapping[str, Any]) -> Arguments:
    """KiteError (InputException) names what is wrong."""
    if tool not in TOOLS:
        raise KiteError("InputException", f"There is no tool {tool[:40]!r}.")
    wanted, _ = TOOLS[tool]
    try:
        return wanted.model_validate(arguments)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, fault["loc"])) or "arguments"
        raise KiteError("InputException", f"Invalid `{name}`: {fault['msg']}.") from None
