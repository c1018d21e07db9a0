"""aitrader broker: serve, key, login, logout, account, orders, trades, quotes, cancel."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import counted, money, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.broker.client import McpBroker


@click.group()
def broker() -> None:
    """An account at a broker that speaks Kite over MCP: see it, and mock it.

    AITRADER_BROKER_URL says where the broker is, AITRADER_BROKER_KEY encrypts the token of its
    login.
    """


@broker.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8710, show_default=True)
@click.option("--cash", type=str, default="1000000", show_default=True, metavar="AMOUNT")
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="NSE:INFY=1500",
    help="An instrument and the price that it swings around; repeat it for more.",
)
def serve(port: int, cash: str, prices: Sequence[str]) -> None:
    """Mock a broker until you press Ctrl-C: an account in memory, with prices that swing."""
    from threading import Event

    from aitrader_core.broker.mock_broker import MockKite
    from aitrader_core.broker.mock_prices import EXAMPLES, swinging
    from aitrader_core.broker.mock_server import listening

    listed = dict(map(_priced, prices)) or EXAMPLES
    kite = MockKite(swinging(listed), cash=_positive(cash, "--cash"))
    with listening(kite, port) as url:
        say(f"a mocked broker is up at {url}, with {', '.join(listed)}")
        say(f"log in at {kite.login_page}; press Ctrl-C to stop")
        with suppress(KeyboardInterrupt):
            Event().wait()


@broker.command()
@click.option("--rotate", is_flag=True, help="Encrypt the kept token with the first key instead.")
def key(rotate: bool) -> None:
    """Print a new key for AITRADER_BROKER_KEY.

    To change keys put the new one first, a comma and the old one after it, and run this with
    --rotate; then the old one may go.
    """
    from aitrader_core.broker.vault import new_key
    from aitrader_core.runner.broker import vault
    from aitrader_core.runner.settings import load_settings

    if not rotate:
        say(new_key())
    elif vault(load_settings()).rotate():
        say("the token is encrypted with the first key now")
    else:
        say("no token is kept")


@broker.command()
@click.option("--request-token", metavar="TOKEN", help="What the login page came back with.")
def login(request_token: str | None) -> None:
    """Say where to log in, and with --request-token begin the session."""
    from aitrader_core.broker.kite import stamp

    with _opened() as account:
        if request_token is None:
            say(f"log in at {account.login_url()}")
            say("then run `aitrader broker login --request-token TOKEN` with what it gives you")
        else:
            say(f"logged in until {stamp(account.login(request_token))} IST")


@broker.command()
def logout() -> None:
    """Forget the token. The broker ends the session in its own time, next morning at 06:00 IST."""
    with _opened() as account:
        account.logout()
    say("the token is forgotten")


@broker.command()
@as_json_option
def account(as_json: bool) -> None:
    """Cash, and what is held."""
    from dataclasses import asdict
    from time import time_ns

    with _opened() as account:
        profile, now = account.profile(), account.snapshot(time_ns())
    if as_json:
        held = dict(now.positions)
        told = {"cash": now.cash, "reserved": now.reserved, "value": now.value, "positions": held}
        print_json({**asdict(profile), **told})
        return
    say(f"{profile.user_name} ({profile.user_id}) at {profile.broker}")
    say(f"cash {money(now.cash)}, {money(now.free_cash)} of it free; worth {money(now.value)}")
    if now.positions:
        rows = [(s, f"{q:,}", money(now.prices[s])) for s, q in now.positions.items()]
        print_table(("symbol", "held", "last"), rows, right=("held", "last"))


@broker.command()
@as_json_option
def orders(as_json: bool) -> None:
    """Today's orders, the oldest first."""
    from aitrader_core.broker.kite import stamp

    with _opened() as account:
        found = account.orders()
    rows = [
        {
            "id": o.id,
            "at": stamp(o.at),
            "tag": o.order.id,
            "side": o.order.side.value,
            "quantity": o.order.quantity,
            "filled": o.filled,
            "symbol": o.order.symbol,
            "limit": o.order.limit,
            "status": o.said,
            "message": o.message,
        }
        for o in found
    ]
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("id", "side", "filled", "symbol", "status")
        told = [
            (r["id"], r["side"], f"{r['filled']:,} of {r['quantity']:,}", r["symbol"], r["status"])
            for r in rows
        ]
        print_table(columns, [tuple(map(str, row)) for row in told], right=("filled",))
        for row in rows:
            if row["message"]:
                say(f"{row['id']}: {row['message']}")
    else:
        say("there are no orders today")


@broker.command()
@as_json_option
def trades(as_json: bool) -> None:
    """Today's executions."""
    from aitrader_core.broker.kite import stamp

    with _opened() as account:
        found = account.trades()
    if as_json:
        print_json(
            [
                {
                    "id": t.id,
                    "order": t.order_id,
                    "at": stamp(t.at),
                    "side": t.side.value,
                    "quantity": t.quantity,
                    "symbol": t.symbol,
                    "price": t.price,
                }
                for t in found
            ]
        )
    elif found:
        rows = [
            (stamp(t.at), t.side.value, f"{t.quantity:,}", t.symbol, money(t.price)) for t in found
        ]
        columns = ("at (IST)", "side", "quantity", "symbol", "price")
        print_table(columns, rows, right=("quantity", "price"))
    else:
        say("nothing was executed today")


@broker.command()
@click.argument("symbols", nargs=-1, required=True)
def quotes(symbols: Sequence[str]) -> None:
    """Last price, bid and ask of SYMBOLS."""
    from aitrader_core.domain.market import Symbol

    with _opened() as account:
        found = account.quotes([Symbol(symbol) for symbol in symbols])
    rows = [
        (s, money(q.last), *(money(p) if p is not None else "" for p in (q.bid, q.ask)))
        for s, q in found.items()
    ]
    if rows:
        print_table(("symbol", "last", "bid", "ask"), rows, right=("last", "bid", "ask"))
    if unknown := [symbol for symbol in symbols if symbol not in found]:
        say(f"the broker does not know {', '.join(unknown)}")


@broker.command()
@click.argument("order_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every order that still works.")
def cancel(order_ids: Sequence[str], everything: bool) -> None:
    """Cancel ORDER_IDS, as `aitrader broker orders` has them."""
    if not order_ids and not everything:
        raise click.UsageError("name the ORDER_IDS to cancel, or --all")
    with _opened() as account:
        if everything:
            order_ids = [order.id for order in account.orders() if not order.is_over]
        for order_id in order_ids:
            account.cancel(order_id)
    say(f"{counted(len(order_ids), 'cancel')} sent")


@contextmanager
def _opened() -> Iterator["McpBroker"]:
    from aitrader_core.runner.broker import open_broker
    from aitrader_core.runner.settings import load_settings

    with open_broker(load_settings()) as account:
        yield account


def _priced(text: str) -> tuple[str, Decimal]:
    instrument, _, price = text.partition("=")
    return instrument if ":" in instrument else f"NSE:{instrument}", _positive(price, "--price")


def _positive(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise click.BadParameter(f"{option} {text!r} is no amount above 0")
    return value
