"""Calls of aitrader's REST service, with nothing but the standard library."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT = 60  # seconds; no call of the service waits for a simulation


class RefusedError(Exception):
    """What the service said instead, and what to do about it."""


def call(url: str, path: str, token: str | None, body: Any = None, **query: Any) -> Any:
    """GET, or POST where there is a body. Raises RefusedError with the service's own words."""
    asked = {name: value for name, value in query.items() if value is not None}
    address = url.rstrip("/") + path + (f"?{urlencode(asked)}" if asked else "")
    headers = {"Accept": "application/json"}
    if token:  # for the proxy before it: the service itself has no authentication
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    try:
        with urlopen(Request(address, data=data, headers=headers), timeout=TIMEOUT) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise RefusedError(_said(error)) from None


def _said(error: HTTPError) -> str:
    """From application/problem+json; a proxy may answer anything."""
    try:
        problem = json.load(error)
        said = [problem[name] for name in ("title", "detail", "hint") if problem.get(name)]
    except (ValueError, AttributeError):
        said = []
    return f"{error.code}: {'; '.join(said) or error.reason}"
