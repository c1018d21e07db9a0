"""A network that looks at the last trades of a symbol, beside the patterns."""

from aitrader_core.domain.errors import InferenceError
from aitrader_core.domain.market import Symbol
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.patterns.shown import DIGITS, LENGTH, METADATA, VERSION
from aitrader_core.patterns.windows import Windows, normalised

_ROW, _WIDTH = (1, LENGTH), 2  # of one window, and of what is said of it: fall, rise


class Scorer:
    """Follows a stream of ticks, and asks the network of a symbol when it is asked itself."""

    def __init__(self, runner: InferenceRunner, symbols: tuple[Symbol, ...]) -> None:
        self._runner, windows = runner, Windows(symbols)
        self.follow, self.on_tick, self._window = windows.follow, windows.on_tick, windows.window

    def prediction(self, symbol: int) -> float | None:
        """A rise less a fall, -1 to 1, of the symbol of that index; None before `LENGTH` trades.

        Rounded, since the last digits of an answer are its device's own: so that a day may be
        replayed on another.
        """
        window = self._window(symbol)
        if window is None:
            return None
        answer = self._runner.predict(normalised(window).reshape(1, *_ROW))
        return round(float(answer[0, 1]) - float(answer[0, 0]), DIGITS)


def check(runner: InferenceRunner) -> None:
    """InferenceError for a network that is made for something else."""
    told, name = runner.signature, f"network {runner.info().network}"
    if told.row != _ROW or told.width != _WIDTH:
        raise InferenceError(
            f"{name} takes {_shape(told.row)} and gives {told.width} numbers: the score of a "
            f"pattern model is of {_shape(_ROW)}, and is {_WIDTH}, a fall and a rise"
        )
    if (made_for := told.metadata.get(METADATA)) != VERSION:
        raise InferenceError(
            f"{name} says {METADATA}: {made_for or 'nothing'}, and is shown {VERSION} here: train "
            "it again"
        )


def _shape(row: tuple[int, ...]) -> str:
    return " x ".join(map(str, row))
