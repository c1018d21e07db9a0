"""Tokens at rest: encrypted, for one user, never handed out when they are over, never told."""

import logging
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from aitrader_core.broker.client import McpBroker
from aitrader_core.broker.kite import KiteError
from aitrader_core.broker.kite_account import KiteAccount
from aitrader_core.broker.mock_broker import MockKite
from aitrader_core.broker.mock_server import server_for
from aitrader_core.broker.tokens import Pocket, Tokens
from aitrader_core.broker.vault import Vault, new_key
from aitrader_core.domain.errors import ConfigError, OrderRejected, SessionExpired
from tests.broker.stage import NINE_THIRTY, SECOND, Door, Stage, buy

TOKEN = SecretStr("the-access-token-of-today")
UNTIL = NINE_THIRTY + 3600 * SECOND
BROKER = "http://127.0.0.1:8710/mcp"


def vault(folder: Path, *keys: str, broker: str = BROKER) -> Vault:
    return Vault(folder / "broker" / "token", SecretStr(",".join(keys)) if keys else None, broker)


@pytest.fixture(params=["pocket", "vault"])
def tokens(request: pytest.FixtureRequest, tmp_path: Path) -> Tokens:
    return Pocket() if request.param == "pocket" else vault(tmp_path, new_key())


def test_a_token_is_handed_out_until_it_is_over(tokens: Tokens) -> None:
    with pytest.raises(SessionExpired, match="nobody is logged in at .*: log in with"):
        tokens.token(NINE_THIRTY)
    tokens.keep(SecretStr("another"), UNTIL)
    tokens.keep(TOKEN, UNTIL)
    assert tokens.token(UNTIL - 1) == TOKEN
    with pytest.raises(SessionExpired, match="ended at 2026-01-09 10:30:00 IST: log in with"):
        tokens.token(UNTIL)
    with pytest.raises(SessionExpired, match="nobody is logged in"):  # it was removed
        tokens.token(NINE_THIRTY)
    tokens.keep(TOKEN, UNTIL)
    tokens.forget()
    tokens.forget()
    with pytest.raises(SessionExpired):
        tokens.token(NINE_THIRTY)


def test_the_file_is_one_users_own_and_says_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept = vault(tmp_path, new_key())
        kept.keep(TOKEN, UNTIL)
    finally:
        os.umask(before)
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in kept.path.parent.iterdir()] == ["token"]  # no draft is left
    assert TOKEN.get_secret_value().encode() not in kept.path.read_bytes()
    kept.path.chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others .its mode is 0640.: chmod 600 /"):
        kept.token(NINE_THIRTY)


def test_keys_that_are_none_are_told_by_their_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="AITRADER_BROKER_KEY is not set.*aitrader broker key"):
        vault(tmp_path).token(NINE_THIRTY)
    with pytest.raises(ConfigError, match="^AITRADER_BROKER_KEY is no key: make one") as told:
        vault(tmp_path, "my secret").keep(TOKEN, UNTIL)
    assert "my secret" not in str(told.value)
    with pytest.raises(ConfigError, match="^key 2 of AITRADER_BROKER_KEY is no key"):
        vault(tmp_path, new_key(), "b").keep(TOKEN, UNTIL)


def test_a_file_that_no_key_opens_is_told_from_one_that_is_damaged(tmp_path: Path) -> None:
    old = vault(tmp_path, new_key())
    old.keep(TOKEN, UNTIL)
    with pytest.raises(ConfigError, match="written with a key that is not in AITRADER_BROKER_KEY"):
        vault(tmp_path, new_key()).token(NINE_THIRTY)
    whole = old.path.read_bytes()
    for damaged in (b"", b"not a token", whole[:-9], b"\xff" + whole[1:]):
        old.path.write_bytes(damaged)
        with pytest.raises(ConfigError, match="is damaged, or remove the file and log in|damaged"):
            old.token(NINE_THIRTY)
    changed = bytearray(whole)
    changed[40] ^= 1
    old.path.write_bytes(bytes(changed))
    with pytest.raises(ConfigError, match="remove the file and log in"):
        old.token(NINE_THIRTY)


def test_keys_are_changed_without_a_new_login(tmp_path: Path) -> None:
    first, second = new_key(), new_key()
    vault(tmp_path, first).keep(TOKEN, UNTIL)
    both = vault(tmp_path, second, first)
    assert both.token(NINE_THIRTY) == TOKEN
    with pytest.raises(ConfigError):
        vault(tmp_path, second).token(NINE_THIRTY)
    assert both.rotate()
    assert vault(tmp_path, second).token(NINE_THIRTY) == TOKEN
    with pytest.raises(ConfigError):
        vault(tmp_path, first).token(NINE_THIRTY)
    both.forget()
    assert not both.rotate()


def test_a_token_is_shown_to_nobody_but_the_broker_that_gave_it(tmp_path: Path) -> None:
    key = new_key()
    vault(tmp_path, key).keep(TOKEN, UNTIL)
    with pytest.raises(SessionExpired, match="last login was at http://127.0.0.1:8710/mcp: log in"):
        vault(tmp_path, key, broker="http://elsewhere/mcp").token(NINE_THIRTY)


def test_neither_token_nor_key_is_ever_told(
    tmp_path: Path, http: Door, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Everything that is logged, shown or raised, down to the SDK's debug log."""
    caplog.set_level(logging.DEBUG)
    key, secrets = new_key(), iter(f"token{number:027}" for number in range(9))
    stage, told = Stage(), []
    kite = stage.kite(new_token=lambda: next(secrets))
    kept = vault(tmp_path, key)
    with stage.account(kite, http, kept) as account:
        account.login(kite.consent())
        account.place(buy(1, tag="Seen"))
        told += [repr(account.orders()), repr(account.profile()), repr(vars(account))]
        told += [repr(kept), repr(kept.token(stage.clock.now)), str(kept.keys)]
        with stage.account(kite) as other:
            other.login(kite.consent())
        with pytest.raises(SessionExpired) as error:
            account.orders()
        told += [repr(error.value), *map(repr, error.traceback)]
    assert "Seen" in "".join(told)
    assert "httpx2" in caplog.text  # so that a debug log was looked at
    for text in (*told, caplog.text, *capfd.readouterr()):
        assert "token0000" not in text
        assert key not in text


class Echo:
    """A broker that repeats whatever it is told, the token as well."""

    def call(self, tool: str, arguments: object, token: SecretStr | None) -> str:
        assert token is not None
        said = f"{tool} {arguments} with {token.get_secret_value()} is wrong."
        raise KiteError("OrderException" if tool == "place_order" else "TokenException", said)

    def close(self) -> None: ...


def test_a_token_that_a_broker_repeats_is_not_told_on() -> None:
    pocket = Pocket()
    pocket.keep(TOKEN, UNTIL)
    account = KiteAccount(Echo(), pocket, clock=lambda: NINE_THIRTY)
    with pytest.raises(OrderRejected, match=r"with \*\*\* is wrong"):
        account.place(buy(1))
    with pytest.raises(SessionExpired, match=r"with \*\*\* is wrong"):
        account.orders()


def test_a_login_of_another_process_is_not_forgotten_with_ours(tmp_path: Path) -> None:
    stage, key = Stage(), new_key()
    kite = stage.kite()
    with stage.account(kite, tokens=vault(tmp_path, key)) as account:
        account.login(kite.consent())

        class Between:
            """Somebody logs in while our request is under way."""

            def call(self, *_: object) -> str:
                with stage.account(kite, tokens=vault(tmp_path, key)) as other:
                    other.login(kite.consent())
                raise KiteError("TokenException", "Incorrect `api_key` or `access_token`.", 403)

            def close(self) -> None: ...

        broken = KiteAccount(Between(), vault(tmp_path, key), clock=stage.clock)
        with pytest.raises(SessionExpired):
            broken.orders()
        assert account.orders() == []  # with the token of the other login


def test_a_login_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    stage, key = Stage(), new_key()
    kite: MockKite = stage.kite()
    for is_first in (True, False):
        with McpBroker(
            server_for(kite), vault(tmp_path, key), clock=stage.clock, sleep=stage.clock.sleep
        ) as account:
            if is_first:
                account.login(kite.consent())
            assert account.margins().available == 100_000
    stage.clock.now += 24 * 3600 * SECOND
    with pytest.raises(SessionExpired, match="ended at 2026-01-10 06:00:00 IST"):
        vault(tmp_path, key).token(stage.clock.now)
    assert not vault(tmp_path, key).path.exists()
