"""Who may ask: this machine's own browser and programs, and no other site through them."""

from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aitrader_core.web.problems import answer

HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]  # this machine's own names
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)  # Plotly styles its charts inline
_DOCS_POLICY = _POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
_DOCS = "/docs"
_REFERRER = "same-origin"  # with no-referrer a browser sends our own forms with Origin: null
_SAFE = ("GET", "HEAD", "OPTIONS")


def secure(app: FastAPI, hosts: list[str]) -> None:
    """Answer under `hosts` alone, take changes from our own pages or from programs, and let a
    browser run nothing but our own scripts."""
    app.add_middleware(_Guard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)


class _Guard:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = _DOCS_POLICY if scope["path"].startswith(_DOCS) else _POLICY
                headers.setdefault("Content-Security-Policy", policy)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", _REFERRER)
            await send(message)

        if "\0" in scope["path"]:  # no name has one, and Postgres takes none
            await answer(400, "the address has a NUL in it")(scope, receive, with_headers)
        elif scope["method"] in _SAFE or _is_ours(Headers(scope=scope)):
            await self._app(scope, receive, with_headers)
        else:
            refused = answer(403, "another site asked for that", "ask from the dashboard itself")
            await refused(scope, receive, with_headers)


def _is_ours(headers: Headers) -> bool:
    """A browser says where a request comes from; whatever is no browser says nothing."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
