"""`python -m aitrader_core.web`: serves the site until a signal; `aitrader up` starts it."""

import gc
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from threading import Timer

import click
import uvicorn

from aitrader_core.inference.runners import runners
from aitrader_core.inference.serving import Serving
from aitrader_core.runner.arena import load_arenas
from aitrader_core.runner.config import cost_profiles
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.premises import ready_database
from aitrader_core.runner.settings import load_settings, runner_options
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.jobs import Jobs
from aitrader_core.web.app import THREADS, create_app
from aitrader_core.web.house import House

SETTLED = 20.0  # seconds
HOST = "127.0.0.1"  # there is no authentication: the loopback alone


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--dagster", metavar="URL", help="Where Dagster's webserver is.")
def main(port: int, dagster: str | None) -> None:
    """Serve REST and dashboard."""
    # uvicorn ends by the signal that stopped it; the embedded server has to be left first
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings()
    arenas = load_arenas(settings.config_dir)
    with ExitStack() as stack:
        urls = stack.enter_context(ready_database(settings))
        engine = engine_for(urls.engine, kept=THREADS)
        stack.callback(engine.dispose)
        house = House(
            {name: Floor(arena, engine, settings.home) for name, arena in arenas.items()},
            Jobs(engine),
            urls,
            dagster,
            lambda: datetime.now(UTC),
            cost_profiles(settings.config_dir),
            Serving(settings.config_dir, runners(runner_options(settings))),
        )
        # Else whoever asks for metrics first waits three seconds for it. At the start itself
        # everything else of aitrader starts too.
        warming = Timer(SETTLED, import_module, args=("empyrical",))
        warming.daemon = True
        warming.start()
        gc.freeze()  # what is there now stays, and is looked through no more
        uvicorn.run(create_app(house), host=HOST, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
