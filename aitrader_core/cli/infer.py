"""aitrader infer: serve; bench and parity are in infer_measuring."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.printing import counted, say

if TYPE_CHECKING:
    from aitrader_core.inference.batching import Limits
    from aitrader_core.inference.network import Network
    from aitrader_core.inference.serving import Serving
    from aitrader_core.runner.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.group()
def infer() -> None:
    """Neural networks (configs/networks): serve them, time them, compare backends.

    AITRADER_INFERENCE_BACKEND and AITRADER_INFERENCE_PRECISION say how they are run.
    """


@infer.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True)
@click.option("--network", "names", multiple=True, metavar="NAME", help="Repeat it; else all.")
@click.option(
    "--max-wait-ms", type=click.FloatRange(0, 1000), default=2.0, show_default=True,
    help="The first of a batch waits so long for company, while others ask too.",
)  # fmt: skip
@click.option(
    "--max-rows", type=click.IntRange(1, 2**20), default=65_536, show_default=True,
    help="Of a request, and of a batch.",
)  # fmt: skip
@click.option(
    "--queue-rows", type=click.IntRange(min=1), metavar="ROWS",
    help="May wait for a network, and no more; 4 batches by default.",
)  # fmt: skip
def serve(
    host: str,
    port: int,
    names: Sequence[str],
    max_wait_ms: float,
    max_rows: int,
    queue_rows: int | None,
) -> None:
    """Answer POST /infer for networks until you press Ctrl-C, in a process that does nothing else.

    There is no authentication: put a proxy before it when others are to reach it.
    """
    from aitrader_core.inference.batching import Limits
    from aitrader_core.web.inference.app import create_inference_app, listen
    from aitrader_core.web.inference.app import serve as serve_app
    from aitrader_core.web.security import HOSTS

    queue_rows = 4 * max_rows if queue_rows is None else queue_rows
    if queue_rows < max_rows:
        raise click.UsageError(f"--queue-rows is {queue_rows}, less than one batch of {max_rows}")
    serving = _opened(names, Limits(max_rows, queue_rows, max_wait_ms / 1000))
    with listen(host, port) as bound:
        app = create_inference_app(serving, HOSTS if host in _LOOPBACK else ["*"])
        place = f"[{host}]" if ":" in host else host
        url = f"http://{place}:{bound.getsockname()[1]}"
        say(f"{counted(len(serving.names), 'network')} at {url}/infer, told of at {url}/docs")
        say("press Ctrl-C to stop")
        with suppress(KeyboardInterrupt), _ended_by_sigterm():
            serve_app(app, bound)


def chosen_networks(settings: "Settings", names: Sequence[str]) -> "list[Network]":
    """`names`, or all that there are. ConfigError for none, and for one that there is not."""
    from aitrader_core.domain.errors import ConfigError
    from aitrader_core.inference.network import FOLDER, read_network
    from aitrader_core.inference.serving import network_names

    folder = settings.config_dir / FOLDER
    there = network_names(settings.config_dir)
    if not names and not there:
        raise ConfigError(f"there are no networks: put NAME.onnx into {folder}, or train one")
    return [read_network(settings.config_dir, name) for name in dict.fromkeys(names) or there]


def _opened(names: Sequence[str], limits: "Limits") -> "Serving":
    """Each is open, and said to be, before anybody is listened to."""
    from dataclasses import replace

    from aitrader_core.inference.runners import runners
    from aitrader_core.inference.serving import Serving
    from aitrader_core.runner.settings import load_settings, runner_options

    settings = load_settings()
    pool = runners(replace(runner_options(settings), most_rows=limits.most_rows))
    for network in chosen_networks(settings, names):
        info = pool.of(network).info()
        why = f" ({info.fallback})" if info.fallback else ""
        say(f"{network.name} runs on {info.actual}, {info.precision}, {info.device}{why}")
    return Serving(settings.config_dir, pool, limits, names)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """It answers what it was asked, and is no failure."""
    import signal

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
