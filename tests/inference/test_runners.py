"""One runner of each network in a process, whoever asks first."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference import opening
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.inference.runners import Runners, runners
from tests.inference.networks import mlp, network

SMALL, OTHER = network(mlp()), network(mlp(8), "other")
ASKERS = 4


class Opener:
    """Opens really, once it may; the first `failures` times it can't."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.opened = failures, list[str]()
        self.begun, self.may = threading.Event(), threading.Event()

    def __call__(self, asked: Network, options: RunnerOptions) -> InferenceRunner:
        self.opened.append(asked.name)
        self.begun.set()
        if asked.name != OTHER.name:
            assert self.may.wait(10)
        if len(self.opened) <= self.failures:
            raise InferenceError(f"no device, the {len(self.opened)}. time")
        return _really(asked, options)


class Watched(Future[InferenceRunner]):
    is_waited_for = threading.Event()

    def result(self, timeout: float | None = None) -> InferenceRunner:
        self.is_waited_for.set()
        return super().result(timeout)


_really = opening.open_runner


@contextmanager
def asking(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Runners, ThreadPoolExecutor]]:
    monkeypatch.setattr(opening, "open_runner", opener)
    with ThreadPoolExecutor(ASKERS) as threads:
        yield Runners(RunnerOptions(backend="ort-cpu")), threads


def test_of_all_who_ask_at_once_one_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    opener = Opener()
    with asking(opener, monkeypatch) as (of_process, threads):
        asked = [threads.submit(of_process.of, SMALL) for _ in range(ASKERS)]
        assert opener.begun.wait(10)
        assert of_process.of(OTHER).info().network == "other"  # it does not wait for the first
        opener.may.set()
        assert len({id(found.result()) for found in asked}) == 1
    assert opener.opened == ["small", "other"]


def test_those_who_wait_are_told_the_error_and_the_next_one_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opener = Opener(failures=1)
    monkeypatch.setattr("aitrader_core.inference.runners.Future", Watched)
    with asking(opener, monkeypatch) as (of_process, threads):
        first = threads.submit(of_process.of, SMALL)
        assert opener.begun.wait(10)
        second = threads.submit(of_process.of, SMALL)
        assert Watched.is_waited_for.wait(10)
        opener.may.set()
        told = {str(asked.exception()) for asked in (first, second)}
        assert told == {"no device, the 1. time"}
        assert of_process.of(SMALL).info().actual == "ort-cpu"
        assert of_process.of(SMALL) is of_process.of(SMALL)
    assert opener.opened == ["small", "small"]


def test_a_copy_under_another_name_is_told_by_its_own() -> None:
    of_process = Runners(RunnerOptions(backend="ort-cpu"))
    copy = Network("copy", SMALL.path, SMALL.content)
    assert [of_process.of(one).info().network for one in (SMALL, copy)] == ["small", "copy"]


def test_a_process_has_one_for_each_options() -> None:
    options = RunnerOptions(most_rows=17)
    with ThreadPoolExecutor(ASKERS) as threads:
        found = threads.map(runners, [options] * 50)
    assert len({id(one) for one in found}) == 1
    assert runners(RunnerOptions(most_rows=18)) is not runners(options)
