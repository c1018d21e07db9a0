"""aitrader ticks: what is wrong, by line; sessions into Parquet, and what is kept."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.market.ticks.streams import quote, rendered, snapshot, trade, written


def test_check_convert_and_show(run: Run, tmp_path: Path) -> None:
    good = written(tmp_path / "good.gz", rendered([snapshot(), quote(100), trade(1), trade(2)]))
    bad = written(tmp_path / "bad.gz", rendered([snapshot(), trade(1), trade(2, p="-1")]))
    assert run("ticks", "check", str(good)).exit_code == 0
    checked = run("ticks", "check", str(good), str(bad))
    assert checked.exit_code == 1
    assert "bad.gz:3" in checked.output
    assert "a price is negative" in checked.output
    (told,) = json.loads(run("ticks", "check", str(bad), "--json").output)
    assert told["counts"] == {"bad_price": 1}
    assert told["places"][0]["line"] == 3

    store = tmp_path / "store"
    named = ("--symbol", "BTCUSDT=BTC-USDT")
    converted = run("ticks", "convert", str(good), "--to", str(store), *named)
    assert converted.exit_code == 0, converted.output
    assert "2 trades and 1 quote" in converted.output
    (kept,) = json.loads(run("ticks", "show", str(store), "--json").output)
    assert (kept["session"], kept["symbols"]) == ("2024-08-08", ["BTC-USDT"])
    assert "nothing is wrong" in run("ticks", "show", str(store), "--session", "2024-08-08").output


def test_what_cant_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("price,volume\n1,2\n")
    good = "convert", str(written(tmp_path / "good.gz", rendered([trade(1)]))), "--to"
    for arguments, sentence in (
        (("check", str(tmp_path / "a.csv")), "a.csv:1: its header is 'price,volume'"),
        (("check", str(tmp_path / "none.gz")), "there is no such file"),
        (("show", str(tmp_path / "none")), "keeps no session of ticks"),
        (("convert", "a.gz", "--to", "b", "--symbol", "A"), "takes THEIRS=OURS"),
        (("convert", "a.gz", "--to", "b", "--symbol", "A="), "takes THEIRS=OURS"),
        ((*good, str(tmp_path / "s"), "--symbol", "X=Y"), "no X; they tell of BTCUSDT"),
        ((*good, str(tmp_path / "a.csv")), "choose another folder: File exists"),
    ):
        failed = run("ticks", *arguments)
        assert failed.exit_code == 2
        assert sentence in failed.stderr
