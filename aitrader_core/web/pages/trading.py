"""The kill switch of an arena: how it stands, who threw it, and a form that throws it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.kill_switch import LONGEST, throw_switch
from aitrader_core.storage.equity import last_sessions
from aitrader_core.storage.trading_states import ALL, TradingStates
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import links
from aitrader_core.web.pages.forms import TheForm
from aitrader_core.web.pages.rendering import page

router = APIRouter(include_in_schema=False)
PAGE = "/arenas/{market}/trading"
_LISTED = 100
EFFECTS = {
    TradingState.ACTIVE: "orders pass, if risk lets them",
    TradingState.REDUCING: "only what makes a position smaller passes",
    TradingState.HALTED: "nothing passes, and what is open is canceled",
}


@dataclass(frozen=True)
class Wish:
    """The form as it was filled in."""

    state: str = ""
    model: str = ALL
    reason: str = ""


@router.get(PAGE)
def trading(house: TheHouse, request: Request, market: str) -> HTMLResponse:
    return _page(request, house.floor(market), Wish())


@router.post(PAGE)
def throw(house: TheHouse, request: Request, market: str, form: TheForm) -> Response:
    """What is wrong is told above what was filled in."""
    floor = house.floor(market)
    wish = Wish(form.one("state"), form.one("model"), form.one("reason"))
    try:
        if wish.state not in tuple(TradingState):
            raise InputError(f"choose one of {', '.join(TradingState)}")
        state = TradingState(wish.state)
        throw_switch(floor, state, wish.reason, "dashboard", house.now(), wish.model)
    except InputError as error:
        return _page(request, floor, wish, fault=str(error), status=422)
    return RedirectResponse(links.trading(market), 303)


def _page(
    request: Request, floor: Floor, wish: Wish, *, fault: str | None = None, status: int = 200
) -> HTMLResponse:
    states, market = TradingStates(floor.engine), floor.arena.market
    latest, history = states.latest(market), states.history(market, limit=_LISTED + 1)
    models = [*floor.arena.models, *last_sessions(floor.engine, market), *(latest.keys() - {ALL})]
    return page(
        request,
        "trading.html",
        market=market,
        here="trading",
        status=status,
        state=states.state_of(market),
        effects=EFFECTS,
        latest=latest,
        history=history[:_LISTED],
        is_cut=len(history) > _LISTED,
        changed=states.first_changed(market),
        models=list(dict.fromkeys(models)),
        wish=wish,
        fault=fault,
        longest=LONGEST,
    )
