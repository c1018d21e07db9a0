"""A network answers over HTTP what it answers here, and says what is wrong with a question."""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from aitrader_core.inference.batching import Limits
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import Runners
from aitrader_core.inference.serving import Serving
from aitrader_core.web.inference.app import create_inference_app
from aitrader_core.web.inference.bodies import JSON, NPY, Room
from aitrader_core.web.security import HOSTS
from tests.networks import add_network, linear
from tests.web.infer_served import BROKEN, asked_bare, held_site, npy

NETWORK = linear("sum", [1.0, -2.0], 0.5, width=2)
MOST = 50  # rows
_CHANCE = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _networks(tmp_path: Path) -> None:
    add_network(tmp_path, NETWORK)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    serving = Serving(tmp_path, Runners(RunnerOptions("ort-cpu")), Limits(MOST, 2 * MOST))
    with TestClient(create_inference_app(serving, HOSTS), raise_server_exceptions=False) as served:
        yield served


def test_every_digit_survives_in_json_and_in_arrays(client: TestClient) -> None:
    bits = _CHANCE.integers(0, 2**32, 2 * MOST, np.uint32).view(np.float32)
    rows = np.where(np.isfinite(bits) & (abs(bits) < 1e38), bits, np.float32(1e-45)).reshape(-1, 2)
    expected = open_runner(NETWORK, RunnerOptions("ort-cpu")).predict(rows)
    told = client.post("/infer", json={"network": "sum", "inputs": rows.tolist()})
    assert told.status_code == 200
    answer = told.json()
    outputs = np.array(answer.pop("outputs"), np.float32)
    assert outputs.tobytes() == expected.tobytes()
    assert (answer["network"], answer["digest"]) == ("sum", NETWORK.digest)
    assert answer["runner"]["actual"] == answer["runner"]["requested"] == "ort-cpu"
    for array in (rows, np.asfortranarray(rows)):
        sent = client.post("/infer?network=sum", content=npy(array), headers={"Content-Type": NPY})
        assert np.load(BytesIO(sent.content)).tobytes() == expected.tobytes()
        assert json.loads(sent.headers["x-aitrader-runner"]) == answer


_ROW = [[1.0, 2.0]]
REFUSED: dict[str, tuple[object, int, str]] = {
    "an unknown network": ({"network": "som", "inputs": _ROW}, 404, "no network 'som'"),
    "a way out": ({"network": "../networks/sum", "inputs": _ROW}, 404, "no network '../net"),
    "no network": ({"inputs": _ROW}, 422, "network is missing"),
    "a strange field": ({"network": "sum", "input": _ROW}, 422, "no field 'input'"),
    "a flat list": ([1, 2], 422, "inputs[0] is 1, and has to be a list of 2"),
    "narrow": ([[1, 2], [3]], 422, "inputs[1] has 1 values, and has to have 2"),
    "deep": ([[[1], [2]]], 422, "inputs[0][0] is [1], and has to be a number"),
    "a string": ([[1, "2"]], 422, 'inputs[0][1] is "2", and has to be a number'),
    "a truth": ([[1, 2], [True, 2]], 422, "inputs[1][0] is true"),
    "null": ([[1, None]], 422, "inputs[0][1] is null"),
    "NaN": ([[1, 2], [float("nan"), 1]], 422, "inputs[1][0] is nan"),
    "Infinity": ([[float("-inf"), 1]], 422, "inputs[0][0] is -inf"),
    "too much for a float32": ([[1e39, 1]], 422, "inputs[0][0] is inf as float32"),
    "too much for any": ([[10**400, 1]], 422, "no float has room for"),
    "too much for the network": ([[3e38, -3e38]], 422, "answers inf to row 0"),
    "nothing": ([], 422, "there are no rows"),
    "too many": ([[1, 2]] * (MOST + 1), 413, "51 rows are too many: at most 50"),
    "no object": (b"[1, 2]", 422, "no JSON object"),
    "half of one": (b'{"network": "sum"', 422, "the body is no JSON"),
    "no end of brackets": (b"[" * 100_000, 422, "the body is no JSON"),
    "no text": (b"\xff", 422, "the body is no JSON"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_question_that_is_none_is_refused_with_a_hint(client: TestClient, what: str) -> None:
    asked, status, sentence = REFUSED[what]
    if isinstance(asked, list):
        asked = {"network": "sum", "inputs": asked}
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    told = client.post("/infer", content=body, headers={"Content-Type": JSON})
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")
    assert sentence in told.json()["detail"]
    assert told.json()["hint"]


def _header(text: str, rest: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + rest


_HEAD = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }\n"
ARRAYS: dict[str, tuple[bytes, int, str]] = {
    "doubles": (npy(np.ones((2, 2))), 422, "float64 of [2, 2], and has to be float32 of [rows, 2]"),
    "a row alone": (npy(np.ones(2, np.float32)), 422, "float32 of [2]"),
    "objects": (npy(np.array([[1, None]])), 422, "object of [1, 2]"),
    "not finite": (npy(np.array([[1, np.inf]], np.float32)), 422, "inputs[0][1] is inf"),
    "too many": (npy(np.ones((51, 2), np.float32)), 413, "51 rows are too many"),
    "none": (npy(np.ones((0, 2), np.float32)), 422, "there are no rows"),
    "cut off": (npy(np.ones((2, 2), np.float32))[:-1], 422, "has 15 bytes, its header says 16"),
    "less than none": (_header(_HEAD % "(-1, 2)", b"\0" * 8), 422, "its header says -8"),
    "without end": (_header(_HEAD % f"({10**30}, 2)"), 413, "too many"),
    "nested": (_header("(" * 5_000), 422, "no .npy file"),
    "minus upon minus": (_header("-" * 9_000 + "1"), 422, "no .npy file"),
    "another file": (b"PK\x03\x04", 422, "no .npy file"),
    "empty": (b"", 422, "no .npy file"),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_an_array_that_is_none_is_refused_too(client: TestClient, what: str) -> None:
    body, status, sentence = ARRAYS[what]
    told = client.post("/infer?network=sum", content=body, headers={"Content-Type": NPY})
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")
    assert sentence in told.json()["detail"]
    assert told.json()["hint"]


def test_what_else_may_be_wrong_with_a_request(client: TestClient) -> None:
    for address, kind, status, sentence in (
        ("/infer", "text/csv", 415, "a body of text/csv is not read"),
        ("/infer", NPY, 422, "network is missing"),
        ("/infer?network=som", NPY, 404, "there is no network 'som'"),
        ("/infer?network=sum", JSON, 422, "network is named twice"),
        ("/infer?nettwork=sum", NPY, 422, "there is no parameter 'nettwork'"),
    ):
        body = json.dumps({"network": "sum", "inputs": _ROW})
        told = client.post(address, content=body, headers={"Content-Type": kind})
        assert (told.status_code, sentence in told.json()["detail"]) == (status, True), told.text
    foreign = {"Origin": "http://evil.example", "Content-Type": JSON}
    assert client.post("/infer", content=b"{}", headers=foreign).status_code == 403
    assert client.get("/infer").status_code == 405


def test_a_body_without_end_is_not_read_to_its_end(client: TestClient) -> None:
    mebibytes = 0

    async def receive() -> dict[str, object]:
        nonlocal mebibytes
        mebibytes += 1
        return {"type": "http.request", "body": b" " * 2**20, "more_body": True}

    assert asyncio.run(asked_bare(client.app, receive)) == 413  # type: ignore[arg-type]
    assert mebibytes == 9
    told = {"Content-Type": JSON, "Content-Length": str(2**40)}
    answer = client.post("/infer", content=b"{}", headers=told)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    client.app.state.infer_room = Room(most=10)  # type: ignore[attr-defined]
    answer = client.post("/infer", json={"network": "sum", "inputs": _ROW})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_many_who_ask_at_once_are_answered_together(tmp_path: Path) -> None:
    parts = [_CHANCE.standard_normal((n % 5 + 1, 2), np.float32) for n in range(30)]
    runner = open_runner(NETWORK, RunnerOptions("ort-cpu"))

    async def play() -> None:
        async with held_site(tmp_path) as site:
            asked = [site.ask(part.tolist()) for part in parts]
            rows = sum(map(len, parts))
            await site.until(lambda: site.waiting_rows() == rows)
            site.gate.set()
            for part, told in zip(parts, await asyncio.gather(*asked), strict=True):
                outputs = np.array(told.json()["outputs"], np.float32)
                assert outputs.tobytes() == runner.predict(part).tobytes()
            (row,) = (await site.client.get("/infer/networks")).json()["networks"]
            assert row["counts"] == {
                **{"served": 31, "refused": 0, "rows": rows + 1, "batches": 2},
                **{"mean_batch": 15.5, "waiting_rows": 0},
            }
            health = (await site.client.get("/health")).json()
            assert (health["status"], health["served"], health["waiting_rows"]) == ("up", 31, 0)
            assert health["networks"] == {"sum": "ort-cpu, fp32, CPU"}

    asyncio.run(play())


def test_where_too_much_waits_others_are_to_come_later(tmp_path: Path) -> None:
    async def play() -> None:
        async with held_site(tmp_path, Limits(4, 4)) as site:
            waiting = site.ask(_ROW * 3)
            await site.until(lambda: site.waiting_rows() == 3)
            refused = await site.ask(_ROW * 2)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert "3 rows wait already, and 2 more are too many" in refused.json()["detail"]
            site.gate.set()
            assert (await waiting).status_code == 200

    asyncio.run(play())


def test_a_device_that_fails_is_no_fault_of_the_question(tmp_path: Path) -> None:
    async def play() -> None:
        async with held_site(tmp_path) as site:
            struck, beside = site.ask([[BROKEN, 1]]), site.ask(_ROW)
            await site.until(lambda: site.waiting_rows() == 2)
            site.gate.set()
            told = await struck
            assert (told.status_code, told.headers["retry-after"]) == (503, "1")
            assert told.json()["detail"] == "the device fell off the bus"
            assert (await beside).status_code == 200

    asyncio.run(play())


def test_whoever_waits_too_long_is_told_and_leaves_the_queue(tmp_path: Path) -> None:
    async def play() -> None:
        async with held_site(tmp_path, Limits(patience=0.05)) as site:
            late = await site.ask(_ROW)
            assert (late.status_code, late.json()["detail"]) == (
                504,
                "no answer within 0.05 seconds",
            )
            assert site.waiting_rows() == 0

    asyncio.run(play())


def test_whoever_hangs_up_leaves_the_queue(tmp_path: Path) -> None:
    body = json.dumps({"network": "sum", "inputs": _ROW}).encode()

    async def play() -> None:
        async with held_site(tmp_path) as site:
            gone, sent = asyncio.Event(), False

            async def receive() -> dict[str, object]:
                nonlocal sent
                if sent:
                    await gone.wait()
                    return {"type": "http.disconnect"}
                sent = True
                return {"type": "http.request", "body": body}

            asked = asyncio.create_task(asked_bare(site.app, receive))
            await site.until(lambda: site.waiting_rows() == 1)
            gone.set()
            assert await asked == 499
            assert site.waiting_rows() == 0

    asyncio.run(play())


def test_a_network_that_was_trained_again_is_opened_again(
    client: TestClient, tmp_path: Path
) -> None:
    asked = {"network": "sum", "inputs": [[1.0, 1.0]]}
    assert client.post("/infer", json=asked).json()["outputs"] == [[-0.5]]
    again = add_network(tmp_path, linear("sum", [3.0, 1.0], width=2))
    told = client.post("/infer", json=asked).json()
    assert (told["outputs"], told["digest"]) == ([[4.0]], again.digest)
    (tmp_path / "networks" / "sum.onnx").write_bytes(b"torn")
    torn = client.post("/infer", json=asked)
    assert (torn.status_code, "torn" in torn.json()["detail"]) == (503, True)
    (tmp_path / "networks" / "sum.onnx").unlink()
    gone = client.post("/infer", json=asked)
    assert (gone.status_code, gone.json()["hint"]) == (404, "there are none")


def test_a_site_whose_networks_nobody_asks_loads_no_runtime() -> None:
    script = (
        "import sys, aitrader_core.web.__main__, aitrader_core.web.inference.app\n"
        "print(sorted({'numpy', 'onnxruntime'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert told.stdout == b"[]\n"
