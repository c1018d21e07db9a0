"""aitrader infer: what it prints of backends that are here and are not, and that it serves."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from click.testing import Result

from aitrader_core.inference import parity
from aitrader_core.inference.network import FOLDER, Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import BACKENDS, RunnerOptions
from aitrader_core.runner.settings import project_root
from tests.networks import WIDTH, add_network, linear

Run = Callable[..., Result]
_SERVE = "from aitrader_core.cli import main; main()"


@pytest.fixture(autouse=True)
def _networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = tmp_path / "configs"
    shutil.copytree(project_root() / "configs", configs, ignore=shutil.ignore_patterns(FOLDER))
    add_network(configs, linear("sum", [1.0, -2.0]))
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(configs))
    monkeypatch.setenv("AITRADER_INFERENCE_BACKEND", "ort-cpu")


def test_bench_times_what_is_here_and_says_what_is_not(run: Run) -> None:
    asked = ("infer", "bench", "--batch", "1, 8")
    told = run(*asked)
    assert told.exit_code == 0, told.stderr
    table, rest = told.stdout.split("p50 and p99 of a call are in microseconds\n")
    assert all(len(line) <= 80 for line in table.splitlines())
    assert re.search(r"(?m)^sum +ort-cpu +8 .* x$", table)
    assert re.search(r"(?m)^ort-cpu, fp32: CPU, onnxruntime \d", rest)
    assert "sum on tensorrt" in told.stderr
    rows = {row["backend"]: row for row in json.loads(run(*asked, "--json").stdout)}
    assert set(rows) == {*BACKENDS} - {"auto"}
    timed = [*rows["ort-cpu"]["ours"], *rows["ort-cpu"]["bare"]]
    assert [each["rows"] for each in timed] == [1, 8, 1, 8]
    assert all(each["p99"] >= each["p50"] > 0 for each in timed)
    for backend, row in rows.items():
        assert ("runner" in row) != ("absent" in row), row
        assert "absent" not in row or f"{backend} in fp32 is not here: {row['absent']}" in rest


def test_parity_holds_each_backend_to_the_cpu(run: Run) -> None:
    told = run("infer", "parity", "sum", "--rows", "50")
    assert told.exit_code == 0, told.output
    assert re.search(r"(?m)^sum +ort-cpu +fp32 +none +100.00 % +same *$", told.stdout)
    assert "50 random rows (seed 7), against ort-cpu in fp32" in told.stdout
    again = run("infer", "parity", "--backend", "ort-cpu", "--precision", "fp32", "--json")
    (row,) = json.loads(again.stdout)
    assert (row["worst"], row["is_within"], row["runner"]["device"]) == (0.0, True, "CPU")


def test_parity_fails_where_one_differs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(network: Network, options: RunnerOptions) -> Any:
        """Half precision is that of another network."""
        other = linear("sum", [1.0, -2.0], 0.1)
        return open_runner(other if options.precision == "fp16" else network, options)

    monkeypatch.setattr(parity, "open_runner", opened)
    told = run("infer", "parity", "--backend", "ort-cpu")
    assert told.exit_code == 1
    assert re.search(r"(?m)^sum +ort-cpu +fp16 +1.00e-01 +\S+ % +DIFFERS *$", told.stdout)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bench", "som"], "there is no .*som.onnx; .* has sum"),
        (["bench", "--batch", "1,x"], "1,x is no list of sizes: write them like 1,256,4096"),
        (["bench", "--batch", "0"], "0: a batch has 1 to 65,536 rows"),
        (["serve", "--max-rows", "9", "--queue-rows", "8"], "less than one batch of 9"),
        (["serve", "--network", "som"], "there is no .*som.onnx; .* has sum"),
    ],
)
def test_what_is_asked_wrongly_is_a_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    told = run("infer", *arguments)
    assert told.exit_code == 2
    assert re.search(sentence, told.stderr)


def test_without_networks_there_is_a_way_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "configs" / FOLDER / "sum.onnx").unlink()
    for command in ("bench", "parity", "serve"):
        told = run("infer", command)
        assert (told.exit_code, "there are no networks: put NAME.onnx" in told.stderr) == (2, True)


def test_it_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-c", _SERVE, "infer", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sum runs on ort-cpu, fp32, CPU\n"
        (url,) = re.findall(r"^1 network at (\S+)/infer,", process.stdout.readline())
        asked = {"network": "sum", "inputs": [[1.0, 1.0, *[0.0] * (WIDTH - 2)]]}
        kind = {"Content-Type": "application/json"}
        with urlopen(Request(f"{url}/infer", json.dumps(asked).encode(), kind)) as told:
            assert json.load(told)["outputs"] == [[-1.0]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
