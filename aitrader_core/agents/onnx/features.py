"""What a network is told of a market: the same for its training, its scores and its trades."""

from typing import TYPE_CHECKING

from aitrader_core.domain.market import MarketView, Symbol

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

VERSION = "daily-1"  # of what is reckoned: a network is trained for one, and refuses another
NAMES = ("return_5", "return_20")  # in the order of the columns
LOOKBACK = 60  # bars


def features(view: MarketView) -> "tuple[tuple[Symbol, ...], NDArray[np.float32]]":
    """The symbols that have `LOOKBACK` bars, in alphabetical order, and their features [N, F]."""
    import numpy as np

    known, rows = [], []
    for symbol in view.symbols:
        closes = [float(close) for close in view.closes(symbol, LOOKBACK)]
        if len(closes) == LOOKBACK:
            known.append(symbol)
            rows.append([closes[-1] / closes[-6] - 1, closes[-1] / closes[-21] - 1])
    return tuple(known), np.array(rows, np.float32).reshape(-1, len(NAMES))
