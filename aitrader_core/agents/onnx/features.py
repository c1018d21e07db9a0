"""What a network is told of a market: the same for its training, its scores and its trades.

The code that reckons is in reckoning.py, for those who have numpy to spare; what it says is here.
"""

from typing import TYPE_CHECKING

from aitrader_core.domain.market import MarketView, Symbol

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

VERSION = "daily-1"  # of what is reckoned: a network is trained for one, and refuses another
NAMES = (  # in the order of the columns; reckoning.py says what each is
    "return_1",
    "return_5",
    "return_20",
    "return_60",
    "volatility_20",
    "volatility_60",
    "high_60",
    "deviation_20",
    "rsi_14",
    "volume_5_60",
    "gap",
    "range_14",
)
LOOKBACK = 61  # bars, that is 60 returns


def features(view: MarketView) -> "tuple[tuple[Symbol, ...], NDArray[np.float32]]":
    """The symbols that have `LOOKBACK` bars, in alphabetical order, and their features [N, F].

    Each is a z-score among those symbols, from -3 to 3, and never NaN.
    """
    from aitrader_core.agents.onnx.reckoning import reckoned, standardised, together, windows

    found = together([windows(view)])
    return found.symbols, standardised(reckoned(found)[None])[0]
