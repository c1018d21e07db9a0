"""The way in: the arenas, and what is in each."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aitrader_core.web.pages.rendering import page

router = APIRouter()


@router.get("/")
def home(request: Request) -> HTMLResponse:
    return page(request, "home.html", here="home")
