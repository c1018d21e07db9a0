"""Equity curves as a picture."""

from collections.abc import Mapping, Sequence
from io import BytesIO

from aitrader_core.results.standings import Point


def equity_picture(curves: Mapping[str, Sequence[Point]], title: str, currency: str) -> bytes:
    """PNG of every model's value at the close, session by session, best one first."""
    from matplotlib.figure import Figure  # slow to import: not at start-up

    figure = Figure(figsize=(9, 4.5), dpi=110, layout="constrained")
    axes = figure.subplots()
    drawn = {model: curve for model, curve in curves.items() if curve}
    for model in sorted(drawn, key=lambda m: -drawn[m][-1].value):
        curve = drawn[model]
        days = [point.session for point in curve]
        gain = 100 * curve[-1].cumulative_return
        values = [float(p.value) for p in curve]
        axes.plot(days, values, linewidth=1.4, label=f"{model}  {gain:+.1f} %")  # type: ignore[arg-type]
    axes.set_title(title, loc="left")
    axes.set_ylabel(currency)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.autofmt_xdate()
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
