"""The broker's account on the command line, against a mock that listens."""

import json
import re
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.broker.mock_broker import MockBroker, MockKite
from aitrader_core.broker.mock_prices import EXAMPLES, swinging
from aitrader_core.broker.mock_server import listening
from aitrader_core.broker.vault import new_key
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order, Side
from tests.cli.conftest import Run

INFY = Symbol("INFY")


@pytest.fixture(scope="module")
def kite() -> Iterator[MockKite]:
    mock = MockKite(swinging(EXAMPLES), holdings={"NSE:SBIN": (Decimal(100), Decimal(700))})
    with listening(mock) as url:
        mock.login_page = f"{mock.login_page}?at={url}"
        yield mock


@pytest.fixture
def broker_url(kite: MockKite, monkeypatch: pytest.MonkeyPatch) -> None:
    url = kite.login_page.partition("?at=")[2]
    monkeypatch.setenv("AITRADER_BROKER_URL", url)
    monkeypatch.setenv("AITRADER_BROKER_KEY", new_key())


def log_in(run: Run) -> None:
    said = run("broker", "login").stdout
    page = re.search(r"log in at (\S+)", said)
    assert page is not None
    told = urllib.request.urlopen(page[1]).read().decode()
    token = re.search(r"--request-token (\w+)", told)
    assert token is not None
    done = run("broker", "login", "--request-token", token[1])
    assert re.match(r"logged in until \d{4}-\d\d-\d\d 06:00:00 IST$", done.stdout.strip())


@pytest.mark.usefixtures("broker_url")
def test_a_user_logs_in_looks_and_leaves(run: Run, tmp_path: Path) -> None:
    nobody = run("broker", "account")
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    assert "nobody is logged in at http://127.0.0.1" in nobody.stderr
    log_in(run)
    assert (tmp_path / "home" / "broker" / "token").stat().st_mode & 0o777 == 0o600
    account = json.loads(run("broker", "account", "--json").stdout)
    assert (account["user_id"], account["positions"]) == ("MK0001", {"SBIN": "100"})
    assert "cash 1,000,000.00" in run("broker", "account").stdout
    assert run("broker", "orders").stdout == "there are no orders today\n"
    assert run("broker", "trades").stdout == "nothing was executed today\n"
    quoted = run("broker", "quotes", "INFY", "NOPE").stdout
    assert "INFY" in quoted
    assert "the broker does not know NOPE" in quoted
    assert run("broker", "logout").exit_code == 0
    assert not (tmp_path / "home" / "broker" / "token").exists()


@pytest.mark.usefixtures("broker_url")
def test_orders_are_seen_and_canceled(run: Run, kite: MockKite) -> None:
    mine = MockBroker(kite)
    mine.login(kite.consent())
    mine.place(Order(INFY, Side.BUY, Decimal(3), Decimal(1), "Waits"))
    mine.place(Order(INFY, Side.BUY, Decimal(2), Decimal(2000), "Filled"))
    mine.place(Order(INFY, Side.SELL, Decimal(9), None, "Short"))
    log_in(run)
    orders = json.loads(run("broker", "orders", "--json").stdout)
    told = [(o["tag"], o["side"], o["status"], o["filled"]) for o in orders]
    assert told == [
        ("Waits", "buy", "OPEN", "0"),
        ("Filled", "buy", "COMPLETE", "2"),
        ("Short", "sell", "REJECTED", "0"),
    ]
    shown = run("broker", "orders").stdout
    assert "2 of 2" in shown
    assert "Insufficient holdings. 9 of INFY are needed but 2 are available" in shown
    (trade,) = json.loads(run("broker", "trades", "--json").stdout)
    assert (trade["order"], trade["quantity"]) == (orders[1]["id"], "2")
    assert "name the ORDER_IDS to cancel, or --all" in run("broker", "cancel").stderr
    assert run("broker", "cancel", "--all").stdout == "1 cancel sent\n"
    assert "CANCELLED" in run("broker", "orders").stdout
    again = run("broker", "cancel", orders[0]["id"])
    assert again.exit_code == 1
    assert "cannot be cancelled as it is cancelled" in again.stderr


@pytest.mark.usefixtures("broker_url")
def test_keys_are_made_changed_and_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(run)
    old, new = new_key(), run("broker", "key").stdout.strip()
    monkeypatch.setenv("AITRADER_BROKER_KEY", old)
    wrong = run("broker", "account")
    assert wrong.exit_code == 2
    assert "was written with a key that is not in AITRADER_BROKER_KEY" in wrong.stderr
    (Path(wrong.stderr.split()[1])).unlink()
    assert run("broker", "key", "--rotate").stdout == "no token is kept\n"
    log_in(run)
    monkeypatch.setenv("AITRADER_BROKER_KEY", f"{new},{old}")
    assert "encrypted with the first key" in run("broker", "key", "--rotate").stdout
    monkeypatch.setenv("AITRADER_BROKER_KEY", new)
    assert run("broker", "account").exit_code == 0
    monkeypatch.delenv("AITRADER_BROKER_KEY")
    unset = run("broker", "account")
    assert "AITRADER_BROKER_KEY is not set" in unset.stderr
    assert unset.exit_code == 2


def test_what_is_wrong_is_told_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_BROKER_URL", "http://127.0.0.1:9/mcp")
    gone = run("broker", "login")
    assert gone.exit_code == 1
    assert "nobody answers as a broker at http://127.0.0.1:9/mcp" in gone.stderr
    assert gone.stderr.endswith("is it up?\n")
    price = run("broker", "serve", "--price", "INFY")
    assert price.exit_code == 2
    assert "--price '' is no amount above 0" in price.stderr
