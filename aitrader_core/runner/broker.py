"""The broker that the environment names, with the token that was kept of its last login."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aitrader_core.broker.vault import Vault
from aitrader_core.runner.settings import Settings

if TYPE_CHECKING:
    from aitrader_core.broker.client import McpBroker


def vault(settings: Settings) -> Vault:
    path = settings.home / "broker" / "token"
    return Vault(path, settings.broker_key, settings.broker_url)


@contextmanager
def open_broker(settings: Settings) -> Iterator["McpBroker"]:
    from aitrader_core.broker.client import McpBroker

    with McpBroker(settings.broker_url, vault(settings)) as broker:
        yield broker
