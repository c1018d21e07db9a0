"""What the cards of the two networks say in words."""

from aitrader_core.training.evidence import Calling, Estimate, Ranking

FEATURES = {  # what aitrader_core/agents/onnx/reckoning.py reckons, with its sources
    "return_1": "close over the close of the bar before, less 1",
    "return_5": "close over the close 5 bars before, less 1",
    "return_20": "close over the close 20 bars before, less 1",
    "return_60": "close over the close 60 bars before, less 1",
    "volatility_20": "standard deviation of the last 20 returns",
    "volatility_60": "standard deviation of the last 60 returns",
    "high_60": "close over the highest price of 60 bars, less 1",
    "deviation_20": "standard deviations of the close from the mean of 20 closes",
    "rsi_14": "rises as a share of all that 14 closes moved",
    "volume_5_60": "mean volume of 5 bars over that of 60",
    "gap": "today's open over the last close, less 1",
    "range_14": "mean true range of 14 bars as a share of the close",
}
WINDOW = {
    "price_1..32": "logarithm of each of the last 32 prices less that of the last, in standard "
    "deviations of the window's log returns, within 8 of them; 0 where nothing moves"
}
TARGETS = {
    "mlp": "return from this open to the open {horizon} sessions later, adjusted for splits, less "
    "the mean of the session's symbols",
    "cnn": "whether the close {horizon} bars later is above the last close, adjusted for splits",
}
TITLES = {
    "mlp": "scores stocks against each other at the open",
    "cnn": "says whether prices rise after 32 trades",
}
USE = {
    "mlp": """\
A model of kind `onnx` asks it at the open for a score of each symbol, and holds the best of them.
The score is the return that the network expects beyond the mean of its symbols, over {horizon}
sessions.""",
    "cnn": """\
A model of kind `pattern` may name it as its `score`: it is asked about the last {length} trades of
a symbol, and the chance of a rise less that of a fall, -1 to 1, is the prediction that the strategy
weighs. On daily bars each close is one coarse trade; it has never seen a finer one.""",
}
LIMITS = {
    "mlp": """\
It learnt from {symbols}: large American companies that were still there in 2013,
so nothing here was ever delisted, and four symbols at most were compared at a time. FB was listed
days before the demo, and is scored without a single example of it. The prices are old daily bars
without dividends.""",
    "cnn": """\
It learnt from daily closes of {symbols}: large American companies that were still
there in 2013. Trades of another market, or within a day, are another matter. Windows of
neighbouring sessions share all but one of their prices, so that there is far less to learn from
than the number of samples says.""",
}
HONESTY = """\
Each held-out year was judged by a network trained on the sessions before it alone, less the last
{horizon}, whose targets reach into it (the purge of Lopez de Prado, *Advances in Financial Machine
Learning*, 2018, chapter 7). The network in the file learnt from all years up to {last}; the
demo begins on {demo}, and neither a sample nor a target reaches it. Standard errors are those
of Newey and West (1987) with {horizon} lags, since neighbouring targets share returns. Widths,
steps and rates were chosen once, before these figures were seen: nothing was searched for on the
held-out years."""


def verdict(found: Ranking | Calling) -> str:
    """What the held-out years say of the network, in a sentence or two."""
    if isinstance(found, Ranking):
        what = f"Out of sample the rank IC is {figure(found.rank_ic)}"
        return f"{what}: {_ranked(found.rank_ic)}"
    where = f"{abs(found.gain.mean):.4f} {'below' if found.gain.mean >= 0 else 'above'}"
    what = f"Out of sample its log loss is {where} that of always saying the share of rises"
    return f"{what} known by then (t {found.gain.t:+.1f}): {_called(found.gain)}"


def summary(found: Ranking | Calling) -> str:
    """For a table."""
    if isinstance(found, Ranking):
        return f"rank IC {figure(found.rank_ic)}"
    return f"AUC {found.auc:.3f}, log loss gain {figure(found.gain)}"


def figure(found: Estimate) -> str:
    return f"{found.mean:+.4f} (t {found.t:+.1f})"


def _ranked(found: Estimate) -> str:
    if not found.is_distinguishable:
        return "indistinguishable from zero. Nothing says that these scores are better than chance."
    if found.mean < 0:
        return "below zero. Whoever did the opposite would have ordered the symbols better."
    return "above zero on these few stocks, before costs. That is no promise for others."


def _called(found: Estimate) -> str:
    if not found.is_distinguishable:
        return "indistinguishable from it. Nothing says that its predictions are better than that."
    if found.mean < 0:
        return "worse. What it learnt did not hold, and its predictions are noise to trade on."
    return "better, on these few stocks. That is no promise for others, or for finer ticks."
