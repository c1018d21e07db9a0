"""`benchmarks/run`: its table, its JSON, its page; and the lock of the peers."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from aitrader_core.runner.settings import project_root
from benchmarks import __main__ as command
from benchmarks import page
from benchmarks.line import Line, duration, rate
from benchmarks.table import cells
from benchmarks.timing import Contestant, take_turns

ROOT = project_root()
LINES = [
    rate("rules", "ours", 100, [0.5, 0.1, 0.2], aim=2000, note="final equity 1.00"),
    rate("rules", "a peer", 100, [1.0, 2.0], ours=[0.1, 0.2]),
]


def pins(lock: str) -> set[str]:
    return set(re.findall(r"(?m)^\S+==\S+", (ROOT / lock).read_text()))


@pytest.fixture
def _canned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_benchmark", lambda _: lambda *, quick: LINES)  # noqa: ARG005


def test_the_lock_of_the_peers_is_ours_and_theirs() -> None:
    """Side by side means on the same versions of everything that both use."""
    lock = (ROOT / "benchmarks/requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", lock)
    packages = re.findall(r"(?m)^\S.*(?:\n .*)*", lock)
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    assert pins("requirements-dev.lock") < pins("benchmarks/requirements.lock")
    assert {"backtrader==1.9.78.123", "bt==1.4.1"} < pins("benchmarks/requirements.lock")


def test_the_script_is_posix_and_can_be_started() -> None:
    script = ROOT / "benchmarks/run"
    subprocess.run(["/bin/sh", "-n", script], check=True)
    assert os.access(script, os.X_OK)


def test_contestants_take_turns() -> None:
    order: list[str] = []

    def contestant(name: str, repeats: int) -> Contestant[None]:
        return Contestant(lambda: lambda: order.append(name), repeats)

    timed = take_turns({"a": contestant("a", 3), "b": contestant("b", 1)})
    assert order == ["a", "b", "a", "a"]
    assert timed["a"].results == [None] * 3
    assert len(timed["b"].seconds) == 1


def test_a_line_tells_the_best_the_median_and_who_is_faster() -> None:
    ours, peer = LINES
    assert cells(ours) == ("rules", "ours", "1,000", "500", "model-days/s", "3", "", "2,000")
    assert cells(peer)[2:] == ("100", "66.7", "model-days/s", "2", "10 x", "")
    assert cells(duration("setup", "a start", [61.5]))[2:5] == ("61.5", "61.5", "s")


@pytest.mark.usefixtures("_canned")
def test_without_a_terminal_the_table_is_plain_text() -> None:
    shown = CliRunner().invoke(command.main, ["rules"])
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout
    assert re.search(r"rules +a peer +100 +66.7 +model-days/s +2 +10 x", shown.stdout)
    assert "rules, ours: final equity 1.00" in shown.stdout
    assert re.search(r"\d+ cores of .+, Python 3\.1.*load average", shown.stdout)


@pytest.mark.usefixtures("_canned")
def test_json_is_all_that_is_printed() -> None:
    told = json.loads(CliRunner().invoke(command.main, ["rules", "--json"]).stdout)
    assert [Line(**line) for line in told["lines"]] == LINES
    assert "Python" in told["machine"]


@pytest.mark.usefixtures("_canned")
def test_what_was_taken_is_written_though_a_later_one_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def benchmark(name: str) -> Callable[..., list[Line]]:
        if name != "rules":
            raise RuntimeError("no server")
        return lambda *, quick: LINES  # noqa: ARG005

    written: list[Line] = []
    monkeypatch.setattr(command, "_benchmark", benchmark)
    monkeypatch.setattr(page, "write", lambda lines, _: written.extend(lines))
    failed = CliRunner().invoke(command.main, ["rules", "store", "--write"])
    assert isinstance(failed.exception, RuntimeError)
    assert written == LINES


def test_unknown_names_and_hasty_figures_are_refused() -> None:
    assert "'rules'" in CliRunner().invoke(command.main, ["rulez"]).stderr
    assert CliRunner().invoke(command.main, ["--quick", "--write"]).exit_code == 2


def test_the_page_keeps_what_was_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"before\n{page.BEGIN}old\n{page.END}\nafter\n")
    page.write([duration("setup", "a start", [61.0])], "an old machine", tmp_path)
    page.write(LINES, "this machine", tmp_path)
    page.write(LINES, "this machine", tmp_path)
    written = (tmp_path / "README.md").read_text()
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old\n" not in written
    assert written.count("| rules | ours | 1,000 | 500 |") == 1
    assert "- setup: an old machine\n- rules: this machine\n" in written


def test_the_page_shows_the_newest_results(tmp_path: Path) -> None:
    """Nobody edits the table by hand, or forgets to."""
    for name in ("README.md", "results.json"):
        (tmp_path / name).write_text((ROOT / "benchmarks" / name).read_text())
    page.write([], "", tmp_path)
    assert (tmp_path / "README.md").read_text() == (ROOT / "benchmarks/README.md").read_text()
