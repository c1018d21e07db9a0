"""Serve until a signal comes."""

from aitrader_core.runner.settings import Settings
from aitrader_core.serve.children import ChildFailed
from aitrader_core.serve.demo import run_demo
from aitrader_core.serve.imports import unpriced_of
from aitrader_core.serve.lock import only_one
from aitrader_core.serve.show import Show
from aitrader_core.serve.signals import Signals, Stopped
from aitrader_core.serve.site import choose_port
from aitrader_core.serve.supervisor import Server, serving


def serve(settings: Settings, show: Show, *, port: int | None, demo: bool) -> None:
    """Serve until a signal comes; with `demo`, run that first unless it is stored already."""
    with Signals() as signals:
        try:
            with only_one(settings.home), serving(settings, signals, show) as server:
                server.start_webserver(choose_port(port))
                server.start_daemon()
                if demo:
                    run_demo(server)
                    show.say("serving until Ctrl-C")
                _serve_on(server)
        except Stopped:
            show.say("stopped")


def _serve_on(server: Server) -> None:
    for floor in server.floors:
        for sessions in unpriced_of(floor):
            server.imports.add(floor.arena.market, floor.arena.calendar, sessions)
    while True:
        try:
            server.pause()
        except ChildFailed as error:
            if any(child.poll() is not None for child in server.servers):
                raise
            server.show.say(f"{error}")  # prices can be imported later
