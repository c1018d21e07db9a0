"""aitrader engines, with those of TensorRT-RTX, which need no device to be built."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from aitrader_core.inference.engine_cache import EngineCache
from aitrader_core.inference.engine_key import EngineKey
from tests.inference.networks import cnn, mlp, network

Run = Callable[..., Result]
BUILD = ("engines", "build", "--backend", "tensorrt-rtx")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """configs/networks with two of them."""
    networks = tmp_path / "configs" / "networks"
    networks.mkdir(parents=True)
    (networks / "scores.onnx").write_bytes(mlp())
    (networks / "curves.onnx").write_bytes(cnn())
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(networks.parent))
    return networks


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "home" / "engines")


def printed(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    assert all(len(line) <= 80 for line in result.stdout.splitlines()), result.stdout
    assert "\x1b" not in result.output
    return result.stdout


def test_builds_lists_and_purges(run: Run, cache: EngineCache, folder: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="its wheels are for Linux x86-64")
    built = run(*BUILD, "scores", "curves", "--rows", "1,64,1024", "--for", "SM89,12.0")
    first, second = printed(built).splitlines()
    assert first.startswith("scores: engine ")
    assert " built in " in second
    assert built.stderr.splitlines() == [
        "building scores with tensorrt-rtx ...",
        "building curves with tensorrt-rtx ...",
    ]
    again = json.loads(
        run(*BUILD, "scores", "--rows", "1,64,1024", "--for", "SM120,SM89", "--json").stdout
    )
    assert (again[0]["new"], again[0]["engine"]) == (False, first.split()[2])
    assert again[0]["digest"] == network(mlp()).digest

    listed = json.loads(run("engines", "list", "--json").stdout)
    assert [(e["network"], e["compute_capability"], e["profile"]) for e in listed] == [
        ("curves", "8.9,12.0", [1, 64, 1024]),
        ("scores", "8.9,12.0", [1, 64, 1024]),
    ]
    assert "2 engines in " in run("engines", "list").stdout

    (folder / "scores.onnx").write_bytes(mlp(seed=8))
    dry = run("engines", "purge", "--stale", "--dry-run")
    assert dry.stdout.endswith("1 engine would go\n")
    assert len(cache.entries()) == 2
    assert run("engines", "purge", "--stale").stdout.endswith("1 engine went\n")
    assert [entry.network for entry in cache.entries()] == ["curves"]
    refused = run("engines", "purge", "scores")
    assert refused.stderr == ("aitrader: there is no engine of scores: there are those of curves\n")
    assert run("engines", "purge", "curves").exit_code == 0
    assert cache.entries() == []


def test_what_is_being_built_stays_and_ruins_go(run: Run, cache: EngineCache) -> None:
    key = EngineKey("d" * 64, "tensorrt", "10.16.1", "9.0", (1, 8, 64), "fp32")
    cache.get(key, "scores", lambda: {"engine.plan": b"plan"})
    (cache.folder / ("a" * 16)).mkdir()
    with cache.held(key, "scores"):
        kept = printed(run("engines", "purge", "--all"))
    assert kept == (
        "0 engines and 1 that nobody finished went\n"
        f"{key.name} of scores is being built, and stays\n"
    )
    assert [entry.key for entry in cache.entries()] == [key]
    assert printed(run("engines", "purge", "--all")).endswith("1 engine went\n")
    assert printed(run("engines", "purge", "--all")) == "nothing is to go\n"


@pytest.mark.parametrize(
    ("asked", "sentence", "code"),
    [
        ("build nothing", "network: there is no .*nothing.onnx; .* has curves, scores", 2),
        ("build scores --rows 8,1,64", "'8,1,64' must be 1 or more, and rise", 2),
        ("build scores --rows 8", "'8' is not MIN,OPT,MAX", 2),
        ("build scores --for SM90 --backend tensorrt", "builds for the device that it runs on", 1),
        ("build scores --backend tensorrt", "TensorRT is not installed: .*docs/gpu.md", 1),
        ("purge", "say which: networks by their names, or --stale, or --all", 2),
        ("purge scores --all", "say which: ", 2),
    ],
)
def test_says_what_is_wrong(
    run: Run, asked: str, sentence: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    refused = run("engines", *asked.split())
    assert refused.exit_code == code
    assert re.search(sentence, refused.stderr), refused.stderr


def test_nothing_yet_is_a_sentence(run: Run) -> None:
    assert "there are no engines in " in run("engines", "list").stdout
    assert json.loads(run("engines", "list", "--json").stdout) == []
