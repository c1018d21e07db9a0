"""What a network is shown of a symbol, and how what it predicts is told."""

LENGTH = 32  # trades
VERSION = "window-1"  # of how they are told: a network is trained for one, and refuses another
METADATA = "aitrader.windows"  # where a network says for which

DIGITS = 4  # of a prediction: what is told of it is all that decides


def also_told(network: str, prediction: float | None) -> str:
    """As the end of a phrase; nothing of what could not be predicted."""
    return "" if prediction is None else f", {network} {prediction:+.{DIGITS}f}"
