"""An arena in one file: it opens from a disk, with its charts, and asks nobody for anything."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.runner.board import Board
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.provenance import provenance
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import findings, report_links
from aitrader_core.web.pages.boards import board_for, nothing_traded
from aitrader_core.web.pages.compare import drawn, usual
from aitrader_core.web.pages.drawing import scale_of, spark
from aitrader_core.web.pages.measuring import METRICS, measured
from aitrader_core.web.pages.rendering import STATIC, environment
from aitrader_core.web.pages.settings_shown import settings_of
from aitrader_core.web.pages.standing_table import groups, order_of
from aitrader_core.web.scripts import plotly_script

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Script:
    """`source` is what a content security policy says to let it run, and no other."""

    text: Markup
    source: str


@router.get("/arenas/{market}/report.html")
def report(request: Request, house: TheHouse, market: str) -> HTMLResponse:
    floor = house.floor(market)
    board = board_for(request, floor)
    if board is None:
        return nothing_traded(request, floor, "report")
    content = report_of(floor, board, house.now())
    return HTMLResponse(content, headers={"Content-Security-Policy": _policy()})


def report_of(floor: Floor, board: Board, now: datetime) -> str:
    """The whole file."""
    market, models = floor.arena.market, usual(board)
    found = measured(floor, board, models)
    settings = {row["model"]: settings_of(floor, row["model"]) for row in board.rows}
    return (
        environment(report_links)
        .get_template("report.html")
        .render(
            now=now,
            market=market,
            arena=floor.arena,
            board=board,
            groups=groups(board.rows, board.judgement, order_of(None)),
            scale=scale_of(board.rows),
            spark=spark,
            findings=findings,
            models=models,
            found=found,
            metrics=METRICS,
            settings=settings,
            made_of=provenance(floor.engine, market),
            definitions=DEFINITIONS.values(),
            style=Markup((STATIC / "style.css").read_text()),
            scripts=_scripts(),
            policy=_policy(),
            **drawn(floor.arena, board, found.curves),
        )
    )


@cache
def _scripts() -> tuple[Script, ...]:
    return _script(plotly_script()), _script(STATIC / "charts.js")


def _script(path: Path) -> Script:
    """No file of ours or of Plotly's has the end tag in it; one that did would be cut there."""
    text = path.read_text(encoding="utf-8").replace("</script", "<\\/script")
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"'sha256-{digest}'")


def _policy() -> str:
    """In the file itself too: what a name or a reason might smuggle in does not run from a disk
    either."""
    allowed = " ".join(script.source for script in _scripts())
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
