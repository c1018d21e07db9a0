"""The rule on backtrader and on bt, each in its own way of writing it."""

import warnings
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from benchmarks.rules.loop import target
from benchmarks.rules.workload import Prices, Rule


def is_installed(peer: str) -> bool:
    return find_spec(peer) is not None


def prepare_backtrader(prices: Prices, rule: Rule) -> Callable[[], Decimal]:
    """Orders of `next_open` fill at that open (cheat_on_open); returns the final equity.

    Cerebro reads its feeds when it runs, so that reading is in the timing.
    """
    cerebro = _cerebro(prices, rule)

    def run() -> Decimal:
        cerebro.run()
        return Decimal(f"{cerebro.broker.getvalue():.2f}")

    return run


def prepare_bt(prices: Prices, rule: Rule) -> Callable[[], float]:
    """Trades and values at the opens alone, so its equity is near ours and not the same."""
    import bt

    opens, closes = _frame(prices, prices.opens / 100), _frame(prices, prices.closes / 100)

    def run() -> float:
        growth = closes.shift(1) / closes.shift(1 + rule.lookback)
        days = [s for at, s in enumerate(opens.index) if rule.trades_on(at)]
        ranks = growth.loc[days].rank(axis=1, ascending=False, method="first")
        weights = (ranks <= rule.top) / rule.top
        algos = [bt.algos.RunOnDate(*days), bt.algos.SelectAll(), bt.algos.WeighTarget(weights)]
        strategy = bt.Strategy("momentum", [*algos, bt.algos.Rebalance()])
        test = bt.Backtest(
            strategy, opens, initial_capital=rule.cash, integer_positions=True, progress_bar=False
        )
        test.run()
        return float(test.strategy.values.iloc[-1])

    return run


def _cerebro(prices: Prices, rule: Rule) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its docstrings have escapes that Python complains of
        import backtrader
    cerebro = backtrader.Cerebro(cheat_on_open=True, stdstats=False)
    cerebro.broker.setcash(float(rule.cash))
    cerebro.broker.set_checksubmit(False)  # buys are paid by the sales before them
    for symbol, frame in _frames(prices).items():
        cerebro.adddata(backtrader.feeds.PandasData(dataname=frame), name=symbol)
    cerebro.addstrategy(_strategy(backtrader), rule=rule)
    return cerebro


def _strategy(backtrader: Any) -> Any:
    class TopMomentum(backtrader.Strategy):  # type: ignore[misc]
        params = (("rule", None),)

        def next_open(self) -> None:
            rule: Rule = self.p.rule
            if not rule.trades_on(len(self.data) - 1):
                return
            growth = {d: d.close[-1] / d.close[-1 - rule.lookback] for d in self.datas}
            chosen = sorted(self.datas, key=growth.__getitem__, reverse=True)[: rule.top]
            held = {d: self.getposition(d).size for d in self.datas}
            value = self.broker.getcash() + sum(n * d.open[0] for d, n in held.items())
            targets = {d: target(value, rule, d.open[0]) for d in chosen}
            changes = {d: targets.get(d, 0) - n for d, n in held.items()}
            for data, change in sorted(changes.items(), key=lambda item: item[1] > 0):
                if change:
                    trade = self.buy if change > 0 else self.sell
                    trade(data, size=abs(change), exectype=backtrader.Order.Market, coo=True)

    return TopMomentum


def _frames(prices: Prices) -> dict[str, Any]:
    """Of each symbol its bars, as backtrader reads them."""
    cents = {"open": prices.opens, "high": prices.highs, "low": prices.lows, "close": prices.closes}
    columns = {name: _frame(prices, value / 100) for name, value in cents.items()}
    columns["volume"] = _frame(prices, prices.volumes)
    return {
        symbol: _pandas().DataFrame({name: column[symbol] for name, column in columns.items()})
        for symbol in prices.symbols
    }


def _frame(prices: Prices, values: NDArray[Any]) -> Any:
    pandas = _pandas()
    index = pandas.DatetimeIndex(prices.sessions)
    return pandas.DataFrame(values, index=index, columns=list(prices.symbols))


def _pandas() -> Any:
    import pandas

    return pandas
