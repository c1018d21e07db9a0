"""One paragraph on a model-day, from its ledger: it names the trades that really happened."""

from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Fill, Outcome, Refused
from aitrader_core.simulation.desk import Desk


def ledger_summary(desk: Desk) -> str:
    """What was filled, what was refused, and what is left."""
    fills = [o for o in desk.blotter if isinstance(o, Fill)]
    refusals = [o for o in desk.blotter if isinstance(o, Refused)]
    traded = "; ".join(map(_trade, fills)) if fills else "no trades"
    refused = f" Refused: {'; '.join(map(_refusal, refusals))}." if refusals else ""
    held = ", ".join(
        f"{plain_quantity(quantity)} {symbol}"
        for symbol, quantity in sorted(desk.portfolio.positions.items())
    )
    with_what = f" and {held}" if held else ""
    return (
        f"{traded[0].upper()}{traded[1:]}.{refused} "
        f"Ends with {plain(desk.portfolio.cash)} in cash{with_what}."
    )


def names_every_trade(text: str, desk: Desk) -> bool:
    """Whether each symbol that was traded is spoken of."""
    return all(_symbol(outcome) in text for outcome in desk.blotter if isinstance(outcome, Fill))


def _symbol(outcome: Outcome) -> str:
    return outcome.order.symbol


def _trade(fill: Fill) -> str:
    order = fill.order
    verb = "bought" if order.side == "buy" else "sold"
    return f"{verb} {plain_quantity(order.quantity)} {order.symbol} at {plain(fill.price)}"


def _refusal(refused: Refused) -> str:
    order = refused.order
    return f"{order.side} {plain_quantity(order.quantity)} {order.symbol} ({refused.reason})"
