"""The leaderboard of an arena."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import findings
from aitrader_core.web.pages.boards import board_for, nothing_traded
from aitrader_core.web.pages.drawing import scale_of, spark
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.pages.standing_table import groups, order_of

router = APIRouter()


@router.get("/arenas/{market}")
def leaderboard(
    request: Request, house: TheHouse, market: str, sort: str | None = None
) -> HTMLResponse:
    floor, order = house.floor(market), order_of(sort)
    board = board_for(request, floor)
    if board is None:
        return nothing_traded(request, floor, "leaderboard")
    return page(
        request,
        "leaderboard.html",
        market=market,
        here="leaderboard",
        arena=floor.arena,
        board=board,
        groups=groups(board.rows, board.judgement, order),
        order=order,
        scale=scale_of(board.rows),
        spark=spark,
        findings=findings,
    )
