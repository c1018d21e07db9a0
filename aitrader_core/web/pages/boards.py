"""The leaderboard that pages show: the published one, or one made once for what is stored."""

from typing import cast

from fastapi import Request
from fastapi.responses import HTMLResponse

from aitrader_core.runner.board import Board, made, published_board
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import ledger_state
from aitrader_core.web.pages.rendering import page


def board_for(request: Request, floor: Floor) -> Board | None:
    """None where nothing has traded yet.

    What is not published yet takes seconds to judge: it is kept until the ledger changes.
    """
    if published := published_board(floor):
        return published
    market = floor.arena.market
    state = ledger_state(floor.engine, market)
    if not state:
        return None
    kept = cast(dict[str, Board], request.app.state.boards)
    if market not in kept or kept[market].as_of != state:
        kept[market] = made(floor)
    return kept[market]


def nothing_traded(request: Request, floor: Floor, here: str) -> HTMLResponse:
    """What to do next in an arena that nothing has traded in."""
    return page(
        request,
        "empty.html",
        market=floor.arena.market,
        here=here,
        arena=floor.arena,
        has_prices=bool(floor.prices.sessions()),
    )
