"""The replay against peers, without the peers: the stream, our part of it, and what is told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.ticks import COLUMNS, QUOTE, TRADE, Ticks
from benchmarks.replay import bench, memory, stream
from benchmarks.replay.bench import HFTBACKTEST, NAUTILUS, OURS, SESSION, Contestant, Taken
from benchmarks.table import cells

PEERS = project_root() / "benchmarks/peers"


def joined(seed: int, count: int, size: int) -> Ticks:
    parts = list(stream.chunks(seed, count, size))
    columns = zip(*(part.columns for part in parts), strict=True)
    return Ticks(parts[0].symbols, *(np.concatenate(column) for column in columns))


def test_the_stream_is_one_that_every_engine_can_replay() -> None:
    """Across chunks too: time and price go on, and each tick has a moment of its own."""
    ticks = joined(3, 20_000, 5_000)
    traded = ticks.kind == TRADE
    assert len(ticks) == 20_000
    assert 0.2 < traded.mean() < 0.3
    assert (np.diff(ticks.received) > 0).all()
    assert (ticks.ask > ticks.bid).all()
    assert np.abs(np.diff(ticks.bid)).max() < 20
    assert (ticks.price[traded] == np.where(ticks.side > 0, ticks.ask, ticks.bid)[traded]).all()
    assert np.isnan(ticks.price[~traded]).all()
    assert (ticks.volume[traded] > 0).all()
    unchanged = (np.diff(ticks.bid) == 0) & (np.diff(ticks.bid_size) == 0)
    assert unchanged[ticks.kind[1:] == TRADE].sum() > 0.99 * traded[1:].sum()
    assert 0.3 < unchanged[ticks.kind[1:] == QUOTE].mean() < 0.7


def test_the_stream_is_the_seed_s(tmp_path: Path) -> None:
    stream.write(tmp_path / "stream.npz", 3, 1_000)
    first, other = joined(3, 1_000, 1_000), joined(4, 1_000, 1_000)
    with np.load(tmp_path / "stream.npz") as kept:
        assert all(np.array_equal(kept[n], getattr(first, n), equal_nan=True) for n in COLUMNS[:4])
    assert not np.array_equal(first.received, other.received)


def test_our_session_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    stream.write(tmp_path / "stream.npz", 3, 5_000)
    ours = {SESSION: Contestant((*OURS, "session"), 2, 4_000)}
    taken = bench.take(ours, tmp_path / "stream.npz", rounds=1)[SESSION]
    assert taken.ticks == 4_000
    assert len(taken.seconds) == 2
    [line] = bench.lines({SESSION: taken})
    assert (line.what, line.unit, line.repeats) == (SESSION, "ticks/s", 2)
    assert re.fullmatch(r"version [\d.]+, 4,000 ticks, \d+ orders", line.note)


def test_rates_are_held_against_the_peers_beside_their_aims() -> None:
    """By rate, since a slow peer replays only the beginning."""
    told = bench.lines(
        {
            SESSION: Taken(5_000, "", [1.0, 2.0]),
            NAUTILUS: Taken(1_000, "", [2.0, 4.0]),
            HFTBACKTEST: Taken(5_000, "", [0.5, 0.5]),
        }
    )
    assert [cells(line)[1:] for line in told] == [
        (SESSION, "5,000", "3,333", "ticks/s", "2", "", ""),
        (NAUTILUS, "500", "333", "ticks/s", "2", "10 x", ""),
        (HFTBACKTEST, "10,000", "10,000", "ticks/s", "2", "0.5 x", ""),
        (f"{SESSION}, to {NAUTILUS}", "10", "10", "x", "2", "", "5"),
        (f"{SESSION}, to {HFTBACKTEST}", "0.5", "0.333", "x", "2", "", "0.25"),
    ]


def test_a_replay_that_fails_says_why(tmp_path: Path) -> None:
    broken = {"a peer": Contestant((sys.executable, "-c", "raise SystemExit('no numpy')"), 1)}
    with pytest.raises(RuntimeError, match="no numpy"):
        bench.take(broken, tmp_path / "stream.npz", rounds=1)


def test_memory_is_told_at_each_mark_and_at_the_peak() -> None:
    kept: list[Ticks] = []
    held = memory.measure([0, 100_000, 200_000], lambda chunks: kept.extend(chunks()))
    assert list(held) == [
        "resident before the first tick",
        "resident after 100,000 ticks",
        "resident after 200,000 ticks",
        "growth at the peak",
    ]
    assert held["resident before the first tick"] > 20
    assert 0 <= held["growth at the peak"] < 500  # of 14 MB, some in memory that was free before


def test_the_lock_of_the_peers_environment_is_hashed_and_names_no_host() -> None:
    asked = set(re.findall(r"(?m)^[\w-]+==[\w.]+", (PEERS / "requirements.in").read_text()))
    lock = (PEERS / "requirements.lock").read_text()
    packages = re.findall(r"(?m)^\S.*(?:\n .*)*", lock)
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", lock)
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    assert len(asked) == 4
    assert {pin.replace("_", "-") for pin in asked} < set(re.findall(r"(?m)^\S+==\S+", lock))


def test_the_installers_of_both_environments_are_the_same() -> None:
    """tools/setup.sh takes them from either lock."""
    ours = (project_root() / "requirements.lock").read_text()
    peers = (PEERS / "requirements.lock").read_text()
    for tool in ("uv", "hatchling"):
        [pin] = re.findall(rf"(?m)^{tool}==\S+", peers)
        assert pin in ours


def test_the_script_of_the_peers_is_posix_and_can_be_started() -> None:
    subprocess.run(["/bin/sh", "-n", PEERS / "run"], check=True)
    assert os.access(PEERS / "run", os.X_OK)
