"""Serve until a signal comes."""

from aitrader_core.runner.settings import Settings
from aitrader_core.serve.children import ChildFailed
from aitrader_core.serve.demo import run_demo
from aitrader_core.serve.imports import unpriced_of
from aitrader_core.serve.lock import only_one
from aitrader_core.serve.show import Show
from aitrader_core.serve.signals import Signals, Stopped
from aitrader_core.serve.site import DAGSTER, DASHBOARD, address, choose_port
from aitrader_core.serve.supervisor import Ports, Server, serving


def serve(
    settings: Settings,
    show: Show,
    *,
    port: int | None = None,
    dagster_port: int | None = None,
    demo: bool = False,
) -> None:
    """Serve until a signal comes; with `demo`, run that first unless it is stored already."""
    with Signals() as signals:
        try:
            with only_one(settings.home):
                _serve(settings, show, signals, _ports(port, dagster_port), demo=demo)
        except Stopped:
            show.say("stopped")


def _ports(dashboard: int | None, dagster: int | None) -> Ports:
    return Ports(choose_port(dashboard, DASHBOARD), choose_port(dagster, DAGSTER))


def _serve(settings: Settings, show: Show, signals: Signals, ports: Ports, *, demo: bool) -> None:
    with serving(settings, signals, show, dashboard=address(ports.dashboard)) as server:
        server.start_webservers(ports)
        server.start_daemon()
        if demo:
            run_demo(server)
            show.say("serving until Ctrl-C")
        _serve_on(server)


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
