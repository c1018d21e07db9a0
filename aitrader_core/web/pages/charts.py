"""Figures for Plotly as plain data; charts.js gives them the colours of the page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aitrader_core.web.pages.curves import Curve, thinned

Trace = dict[str, Any]
Figure = dict[str, Any]
COLOURS = 8  # --series-1 ... of style.css
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_OF_BASELINES = ("dot", "dash", "dashdot", "longdash", "longdashdot")


def looks(models: Sequence[str], baselines: Iterable[str]) -> dict[str, Trace]:
    """By model: no two alike, by dash as well as by colour; baselines are thin and never solid."""
    plain, found = set(baselines), dict[str, Trace]()
    for at, model in enumerate(models):
        turn = at // COLOURS
        if model in plain:
            dash, width = _OF_BASELINES[(at + turn) % len(_OF_BASELINES)], 1.4
        else:
            dash, width = _DASHES[turn % len(_DASHES)], 2.2
        found[model] = {
            "meta": {"colour": f"series-{at % COLOURS + 1}"},
            "line": {"dash": dash, "width": width},
        }
    return found


def line(name: str, xs: Sequence[str], ys: Sequence[float], **look: Any) -> Trace:
    """Thinned where a screen could not show more."""
    kept = thinned(ys)
    return {
        "type": "scatter",
        "mode": "lines",
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
        "xaxis": {"type": "date"},
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
