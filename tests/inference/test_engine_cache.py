"""Built once, whoever asks, kills or tears; read only when whole."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import PLAN, TIMING, EngineCache
from aitrader_core.inference.engine_key import EngineKey, read_key

KEY = EngineKey("d" * 64, "tensorrt", "11.4.0", "9.0", (1, 512, 4096), "fp32")
FILES = {PLAN: b"plan" * 1_000, TIMING: b"timing"}

# Builds in a process of its own: says so in a line of `log`, then waits to be told to go on.
BUILDER = """
import sys
from pathlib import Path
from aitrader_core.inference.engine_cache import EngineCache
from aitrader_core.inference.engine_key import EngineKey

KEY = EngineKey("d" * 64, "tensorrt", "11.4.0", "9.0", (1, 512, 4096), "fp32")
FILES = {"engine.plan": b"plan" * 1_000, "timing.cache": b"timing"}
folder, log, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def build():
    with log.open("a") as file:
        file.write(name + "\\n")
    (folder / KEY.name / "engine.plan.draft").write_bytes(b"half of a pl")
    print("building", flush=True)
    sys.stdin.readline()
    return FILES

files, built = EngineCache(folder).get(KEY, "small", build)
assert files == FILES
print("built" if built else "read", flush=True)
"""


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "home" / "engines")


def built() -> Mapping[str, bytes]:
    return FILES


def never() -> Mapping[str, bytes]:
    raise AssertionError("it is there")


def test_is_built_once_and_read_after(cache: EngineCache) -> None:
    assert cache.read(KEY) is None
    assert cache.get(KEY, "small", built) == (FILES, True)
    assert cache.get(KEY, "small", never) == (FILES, False)
    (entry,) = cache.entries()
    assert (entry.key, entry.network, entry.is_being_built) == (KEY, "small", False)
    assert entry.size == sum(map(len, FILES.values()))


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, digest="e" * 64),
        replace(KEY, runtime="tensorrt-rtx"),
        replace(KEY, version="11.4.1"),
        replace(KEY, compute_capability="8.9"),
        replace(KEY, profile=(1, 512, 8192)),
        replace(KEY, precision="fp16"),
    ],
)
def test_every_part_of_the_key_tells_engines_apart(cache: EngineCache, other: EngineKey) -> None:
    cache.get(KEY, "small", built)
    assert other.name != KEY.name
    assert cache.read(other) is None
    assert read_key(json.loads(json.dumps(other.told))) == other


def torn(place: Path) -> None:
    (place / PLAN).write_bytes(FILES[PLAN][:-1])


def flipped(place: Path) -> None:
    (place / PLAN).write_bytes(b"x" + FILES[PLAN][1:])


def without_its_timing(place: Path) -> None:
    (place / TIMING).unlink()


def without_its_key(place: Path) -> None:
    (place / "key.json").unlink()


def with_half_a_key(place: Path) -> None:
    (place / "key.json").write_text('{"key": {')


def of_another(place: Path) -> None:
    told = json.loads((place / "key.json").read_text())
    told["key"]["version"] = "10.0.0"
    (place / "key.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    "harm", [torn, flipped, without_its_timing, without_its_key, with_half_a_key, of_another]
)
def test_what_is_not_whole_is_built_again(cache: EngineCache, harm: Callable[[Path], None]) -> None:
    cache.get(KEY, "small", built)
    assert cache.ruins() == []
    harm(cache.folder / KEY.name)
    assert cache.ruins() == [KEY.name]
    assert cache.get(KEY, "small", built) == (FILES, True)
    assert cache.get(KEY, "small", never) == (FILES, False)


def test_a_builder_that_fails_leaves_nothing(cache: EngineCache) -> None:
    with pytest.raises(AssertionError):
        cache.get(KEY, "small", never)
    assert cache.entries() == []
    assert cache.ruins() == []
    assert cache.get(KEY, "small", built) == (FILES, True)


def test_one_builds_and_when_it_is_killed_one_of_those_who_wait(
    cache: EngineCache, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    first = builder(cache, log, "first")
    assert said(first) == "building"
    assert cache.ruins() == []
    others = [builder(cache, log, name) for name in ("second", "third")]
    assert not cache.remove(KEY.name)  # nobody takes it away from under a builder
    os.kill(first.pid, signal.SIGKILL)
    for other in others:
        other.stdin.write("\n")  # type: ignore[union-attr]
        other.stdin.flush()  # type: ignore[union-attr]
    told = sorted((*other.communicate()[0].split(),) for other in others)
    assert told == [("building", "built"), ("read",)]
    assert [other.returncode for other in others] == [0, 0]
    first.communicate()
    began = log.read_text().split()
    assert began[0] == "first"
    assert len(began) == 2
    assert not list(cache.folder.rglob("*.draft"))
    assert cache.read(KEY) == FILES


def test_a_folder_may_be_held_by_who_writes_its_own_files(cache: EngineCache) -> None:
    with cache.held(KEY, "small") as folder:
        (folder / "own.engine").write_bytes(b"own")
        assert [entry.is_being_built for entry in cache.entries()] == []
    with cache.held(KEY, "small") as folder:
        assert (folder / "own.engine").read_bytes() == b"own"
        assert [entry.is_being_built for entry in cache.entries()] == [True]
        assert not cache.remove(KEY.name)
    (folder / "own.engine").write_bytes(b"ow")
    with cache.held(KEY, "small") as folder:
        assert not (folder / "own.engine").exists()  # it was torn


def test_what_is_learned_in_use_is_kept_beside(cache: EngineCache) -> None:
    cache.get(KEY, "small", built)
    cache.add(KEY, "small", {"runtime.cache": b"kernels"})
    assert cache.read(KEY) == {**FILES, "runtime.cache": b"kernels"}


def test_removing_leaves_no_trace(cache: EngineCache) -> None:
    cache.get(KEY, "small", built)
    assert cache.remove(KEY.name)
    assert list(cache.folder.iterdir()) == []


def test_what_is_no_engine_is_passed_over(cache: EngineCache) -> None:
    (cache.folder / "notes").mkdir(parents=True)
    (cache.folder / "notes" / "key.json").write_text('{"key": {"digest": 1}}')
    (cache.folder / "README").write_text("mine")
    assert cache.entries() == []
    assert cache.ruins() == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "engines").write_text("a file")
    with pytest.raises(InferenceError, match=r"can't be kept in .*/engines: .*AITRADER_HOME"):
        EngineCache(tmp_path / "engines").get(KEY, "small", built)


def builder(cache: EngineCache, log: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(cache.folder), str(log), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
