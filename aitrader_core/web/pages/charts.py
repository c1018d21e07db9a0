"""Figures for Plotly as plain data; charts.js gives them the colours of the page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aitrader_core.web.pages.curves import Curve, thinned

Trace = dict[str, Any]
Figure = dict[str, Any]
COLOURS = 8  # --series-1 ... of style.css
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_THIN, _THICK = 1.4, 2.2


def looks(models: Sequence[str], baselines: Iterable[str]) -> dict[str, Trace]:
    """By model: told apart by dash as well as by colour; baselines are thin and not solid."""
    plain, taken, found = set(baselines), set[tuple[int, str]](), dict[str, Trace]()
    for at, model in enumerate(models):
        colour, is_plain = at % COLOURS + 1, model in plain
        first = 1 + at % (len(_DASHES) - 1) if is_plain else 0
        turned = (*_DASHES[first:], *_DASHES[:first])
        dash = next((d for d in turned if (colour, d) not in taken), turned[0])
        taken.add((colour, dash))
        found[model] = {
            "meta": {"colour": f"series-{colour}"},
            "line": {"dash": dash, "width": _THIN if is_plain else _THICK},
        }
    return found


def line(name: str, xs: Sequence[str], ys: Sequence[float], **look: Any) -> Trace:
    """Thinned where a screen could not show more."""
    kept = thinned(ys)
    return {
        "type": "scatter",
        "mode": "lines" if len(xs) > 1 else "markers",
        "name": name,
        "x": [xs[at] for at in kept],
        "y": [ys[at] for at in kept],
        **look,
    }


def bars(name: str, xs: Sequence[str], ys: Sequence[float], colour: str = "series-1") -> Trace:
    """As a filled line: thousands of bars are no longer bars."""
    return line(
        name,
        xs,
        ys,
        meta={"colour": colour},
        fill="tozeroy",
        line={"width": 1, "shape": "hvh"},
    )


def figure(traces: Sequence[Trace], *, unit: str = "", shaded: Mapping[str, str] = {}) -> Figure:
    """`shaded`: by what it is called, the last day of a stretch that begins with the chart."""
    first = min((trace["x"][0] for trace in traces if trace["x"]), default=None)
    layout: Figure = {
        "xaxis": {"type": "date", **_around({x for trace in traces for x in trace["x"]})},
        "yaxis": {"ticksuffix": unit, "hoverformat": ",.2f"},
        "showlegend": len(traces) > 1,
    }
    inside = {name: last for name, last in shaded.items() if first and last >= first}
    layout["shapes"] = [_shade(first, last) for last in set(inside.values())]
    layout["annotations"] = [_note(name, last) for name, last in inside.items()]
    return {"data": list(traces), "layout": layout}


def equity(
    curves: Iterable[Curve],
    styled: Mapping[str, Trace],
    *,
    in_currency: bool = False,
    **more: Any,
) -> Figure:
    traces = [
        line(c.model, c.sessions, c.values if in_currency else c.index, **styled[c.model])
        for c in curves
    ]
    return figure(traces, **more)


def drawdown(curves: Iterable[Curve], styled: Mapping[str, Trace], **more: Any) -> Figure:
    traces = [line(c.model, c.sessions, c.drawdowns, **styled[c.model]) for c in curves]
    return figure(traces, unit=" %", **more)


def _around(xs: Collection[str]) -> Figure:
    """A day on either side of one session, which else is drawn between its own milliseconds."""
    if len(xs) != 1:
        return {}
    (at,) = (datetime.fromisoformat(x) for x in xs)
    day = timedelta(days=1)
    return {"range": [(at - day).isoformat(), (at + day).isoformat()], "dtick": 86_400_000}


def _shade(first: str | None, last: str) -> Figure:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": first,
        "x1": last,
        "y0": 0,
        "y1": 1,
        "opacity": 0.12,
        "line": {"width": 0},
        "layer": "below",
    }


def _note(name: str, last: str) -> Figure:
    return {
        "x": last,
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "text": name,
        "showarrow": False,
        "xanchor": "right",
        "yanchor": "top",
    }
