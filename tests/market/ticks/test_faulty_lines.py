"""Each way in which a line can be wrong is told with file and line, and no tick comes of it."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.findings import Findings, Kind
from aitrader_core.market.ticks.making import Made, make_ticks
from aitrader_core.market.ticks.reading import read_files, read_streams
from aitrader_core.simulation.ticks import TRADE
from tests.market.ticks.streams import diff, quote, rendered, snapshot, trade, written

GOOD = [
    snapshot(),
    quote(100),
    trade(1),
    trade(2),
    quote(101, bid="99.60"),
    diff(101, bids=[["99.60", "2.000"]]),
    trade(3),
    quote(102, bid="99.70"),
    diff(102, bids=[["99.70", "2.000"]]),
    trade(4),
]
AT = 6  # the trade 3, which is line 7


def _line(change: dict[str, Any]) -> str:
    return f"1723161540006000000 {json.dumps({'stream': 'x', 'data': trade(3, **change)})}"


def made(path: Path, lines: list[str]) -> Made:
    return make_ticks(read_files([written(path, lines)]))


def told(findings: Findings) -> list[tuple[Kind, str, int]]:
    return [(finding.kind, finding.file, finding.line) for finding in findings]


def test_a_good_recording_has_no_faults(tmp_path: Path) -> None:
    found = made(tmp_path / "good.gz", rendered(GOOD))
    assert told(found.findings) == []
    assert [tick.price for tick in found.ticks if tick.volume] == [100.0] * 4
    assert found.ticks.side[found.ticks.kind == 1].tolist() == [-1, 1, -1, 1]
    assert found.ticks.bid.tolist() == [99.5, 99.5, 99.5, 99.6, 99.6, 99.7, 99.7]
    assert (found.compared, found.agreed) == (2, 2)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"p": "NaN"}, Kind.BAD_PRICE),
        ({"p": "Infinity"}, Kind.BAD_PRICE),
        ({"p": "-Infinity"}, Kind.BAD_PRICE),
        ({"p": float("nan")}, Kind.BAD_PRICE),
        ({"p": "-100.00"}, Kind.BAD_PRICE),
        ({"p": "0.00"}, Kind.BAD_PRICE),
        ({"p": 0}, Kind.BAD_PRICE),
        ({"p": "1OO.00"}, Kind.BAD_PRICE),
        ({"p": ""}, Kind.BAD_PRICE),
        ({"p": "1" * 30}, Kind.BAD_PRICE),
        ({"q": "0.000"}, Kind.BAD_VOLUME),
        ({"q": "-0.010"}, Kind.BAD_VOLUME),
        ({"q": "nan"}, Kind.BAD_VOLUME),
        ({"q": "1e999999999"}, Kind.BAD_VOLUME),
    ],
)
def test_a_wrong_field(tmp_path: Path, change: dict[str, Any], kind: Kind) -> None:
    events = [*GOOD[:AT], {**GOOD[AT], **change}, *GOOD[AT + 1 :]]
    assert_left_out(tmp_path, rendered(events), kind)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"stream":"x","data":{"e":"trade"', Kind.BAD_TIME),
        ("1723161540006000000", Kind.MALFORMED),
        ('1723161540006000000 {"stream":"x","data":{"e":"tra', Kind.MALFORMED),
        ("1723161540006000000 [1, 2]", Kind.MALFORMED),
        ("1723161540006000000 " + "[" * 100_000, Kind.MALFORMED),
        (_line({"p": None}), Kind.MALFORMED),
        (_line({"p": True}), Kind.MALFORMED),
        (_line({"m": "false"}), Kind.MALFORMED),
        (_line({"t": "3"}), Kind.MALFORMED),
        (_line({"s": None}), Kind.MALFORMED),
        (_line({"e": "outage"}), Kind.MALFORMED),
        (_line({"E": 12}), Kind.BAD_TIME),
        (_line({"T": "soon"}), Kind.BAD_TIME),
        ("1723161540006 " + json.dumps({"data": trade(3)}), Kind.BAD_TIME),
        ("soon " + json.dumps({"data": trade(3)}), Kind.BAD_TIME),
    ],
)
def test_a_broken_line(tmp_path: Path, line: str, kind: Kind) -> None:
    """Its trade is not to be had, so the next one does not follow."""
    lines = rendered(GOOD)
    lines[AT] = line
    found = made(tmp_path / "bad.gz", lines)
    assert told(found.findings) == [(kind, "bad.gz", AT + 1), (Kind.GAP, "bad.gz", 10)]
    assert len(found.ticks) == 6


def test_a_line_told_twice(tmp_path: Path) -> None:
    lines = rendered(GOOD)
    assert_left_out(tmp_path, [*lines[:AT], lines[AT - 3], *lines[AT:]], Kind.DUPLICATE, 7)


def test_a_repeat_of_each_stream(tmp_path: Path) -> None:
    for event in (trade(3), quote(102, bid="99.70"), diff(102, bids=[["99.70", "2.000"]])):
        found = made(tmp_path / "bad.gz", rendered([*GOOD, event]))
        assert told(found.findings) == [(Kind.DUPLICATE, "bad.gz", 11)]


def test_ids_that_run_backwards(tmp_path: Path) -> None:
    events = [snapshot(), trade(5), trade(7), trade(6), trade(8)]
    found = made(tmp_path / "bad.gz", rendered(events))
    assert told(found.findings) == [
        (Kind.GAP, "bad.gz", 3),
        (Kind.OUT_OF_ORDER, "bad.gz", 4),
    ]
    assert int((found.ticks.kind == TRADE).sum()) == 3


def test_times_that_run_backwards(tmp_path: Path) -> None:
    lines = rendered(GOOD)
    stamp, rest = lines[AT].split(" ", 1)
    assert_left_out(
        tmp_path,
        [*lines[:AT], f"{int(stamp) - 2_500_000} {rest}", *lines[AT + 1 :]],
        Kind.OUT_OF_ORDER,
    )


def test_one_time_far_ahead_does_not_take_the_rest_with_it(tmp_path: Path) -> None:
    lines = rendered(GOOD)
    stamp, rest = lines[AT].split(" ", 1)
    ahead = f"{int(stamp) + 3600 * 10**9} {rest}"
    assert_left_out(tmp_path, [*lines[:AT], ahead, *lines[AT + 1 :]], Kind.OUT_OF_ORDER)


def test_gaps_stand_and_are_told(tmp_path: Path) -> None:
    events = [*GOOD, trade(7), diff(104, bids=[["99.80", "1.000"]])]
    found = made(tmp_path / "bad.gz", rendered(events))
    assert told(found.findings) == [
        (Kind.GAP, "bad.gz", 11),
        (Kind.GAP, "bad.gz", 12),
        (Kind.STALE_BOOK, "bad.gz", 12),
    ]
    assert len(found.ticks) == 8
    futures = [{**diff(5), "pu": 4}, {**diff(9), "pu": 5}, {**diff(12), "pu": 8}]
    found = made(tmp_path / "futures.gz", rendered(futures))
    assert told(found.findings) == [
        (Kind.NO_SNAPSHOT, "futures.gz", 1),
        (Kind.GAP, "futures.gz", 3),
    ]


def test_spreads_that_are_none(tmp_path: Path) -> None:
    for ask, kind in (("99.00", Kind.CROSSED_QUOTE), ("99.50", Kind.LOCKED_QUOTE)):
        found = made(tmp_path / "bad.gz", rendered([*GOOD[:4], quote(101, ask=ask), trade(3)]))
        assert told(found.findings) == [(kind, "bad.gz", 5)]
        assert not (found.ticks.bid >= found.ticks.ask).any()


def test_symbols_that_nobody_named(tmp_path: Path) -> None:
    lines = rendered([*GOOD[:AT], {**trade(3), "s": "DOGEUSDT"}, *GOOD[AT:]])
    path = written(tmp_path / "bad.gz", lines)
    recording = read_streams([path], [Symbol("BTC-USDT")], {"BTCUSDT": "BTC-USDT"})
    assert told(recording.findings) == [(Kind.UNKNOWN_SYMBOL, "bad.gz", 7)]
    assert make_ticks(recording).ticks.symbols == ("BTC-USDT",)


def test_a_torn_file_is_read_to_where_it_is_torn(tmp_path: Path) -> None:
    """Its last line, half of which is there, is no tick."""
    path = written(tmp_path / "torn.gz", rendered([snapshot(), *map(trade, range(5000))]))
    packed = path.read_bytes()
    path.write_bytes(packed[: len(packed) // 2])
    found = make_ticks(read_files([path]))
    assert 1000 < len(found.ticks) < 4000
    assert told(found.findings) == [(Kind.TRUNCATED, "torn.gz", len(found.ticks) + 1)]


@pytest.mark.parametrize("content", [b"", b"no gzip at all", gzip.compress(b"", mtime=0)])
def test_a_file_that_cant_be_read_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.gz"
    path.write_bytes(content)
    with pytest.raises(TickFileError, match=r"none\.gz: is (empty|no gzip file)"):
        read_files([path])


def test_a_snapshot_among_several_symbols(tmp_path: Path) -> None:
    found = made(tmp_path / "bad.gz", rendered([*GOOD, {**trade(1), "s": "ETHUSDT"}]))
    assert (Kind.UNPLACED_SNAPSHOT, "bad.gz", 1) in told(found.findings)


def test_each_bad_level_of_a_diff_costs_it_its_trust(tmp_path: Path) -> None:
    for level in (["NaN", "1"], ["-1", "1"], ["99.6", "-1"], ["99.6", "inf"], ["99.6"], "99"):
        bad = {**diff(101), "b": [level]}
        events = [*GOOD[:4], bad, trade(3), diff(102, bids=[["99.70", "1.000"]])]
        found = made(tmp_path / "bad.gz", rendered(events))
        assert found.findings.counts[Kind.STALE_BOOK] == 1
        assert told(found.findings)[0][1:] == ("bad.gz", 5)


def test_findings_come_back_from_json(tmp_path: Path) -> None:
    findings = made(tmp_path / "bad.gz", rendered([*GOOD, *GOOD[1:]])).findings
    again = Findings.of_json(json.loads(json.dumps(findings.as_json())))
    assert list(again) == list(findings)
    assert again.counts == findings.counts
    assert (findings.faults, findings.dropped) == (9, 9)


def assert_left_out(tmp_path: Path, lines: list[str], kind: Kind, line: int = AT + 1) -> None:
    """Nothing but this line is missing, and nothing else is told."""
    found = made(tmp_path / "bad.gz", lines)
    assert told(found.findings) == [(kind, "bad.gz", line)]
    without = written(tmp_path / "without.gz", [*lines[: line - 1], *lines[line:]])
    wanted = make_ticks(read_files([without])).ticks
    for column, other in zip(found.ticks.columns, wanted.columns, strict=True):
        np.testing.assert_array_equal(column, other)
