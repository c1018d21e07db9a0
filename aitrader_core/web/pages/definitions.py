"""What each figure means: the page that every head of a column leads to."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.web.pages.rendering import page

router = APIRouter()


@router.get("/definitions")
def definitions(request: Request) -> HTMLResponse:
    return page(request, "definitions.html", here="definitions", definitions=DEFINITIONS.values())
