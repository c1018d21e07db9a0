"""benchmarks.gpu: what is here is measured, what is not is named, and who wins is reckoned."""

from dataclasses import replace

import pytest

from aitrader_core.inference.parity import Difference
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.inference.timing import Timed
from benchmarks.gpu.measuring import Contestant, Measured, Missing, measure
from benchmarks.gpu.networks import networks
from benchmarks.gpu.page import page, where_the_cpu_wins

SAME = Difference(0.0, 1.0, is_within=True)


def measured(contestant: Contestant, **microseconds: float) -> Measured:
    info = RunnerInfo(
        "small", "d" * 64, contestant.backend, contestant.backend, "fp32", "a device", {"x": "1"}
    )
    timed = tuple(Timed(int(size[1:]), 5, p50, p50) for size, p50 in microseconds.items())
    return Measured("small", contestant, info, 2.0, 0.1, SAME, timed)


CPU = measured(Contestant("ort-cpu"), n1=5, n256=50, n65536=10_000)
GPU = measured(Contestant("tensorrt", "fp16"), n1=40, n256=45, n65536=1_000)


def test_where_the_cpu_wins_is_reckoned() -> None:
    assert where_the_cpu_wins([CPU, GPU]) == (
        "- *small*: the CPU is fastest with 1 rows; with 65,536 rows tensorrt, fp16 is, 10.0 times "
        "as fast as the CPU."
    )
    slow = replace(GPU, timed=tuple(replace(t, p50=99_999) for t in GPU.timed))
    assert where_the_cpu_wins([CPU, slow]) == (
        "- *small*: the CPU is fastest with 1, 256 and 65,536 rows."
    )
    fast = replace(GPU, timed=tuple(replace(t, p50=1) for t in GPU.timed))
    assert "fastest with no size of batch; with 65,536" in where_the_cpu_wins([CPU, fast])
    assert "No figure of a GPU was measured yet" in where_the_cpu_wins([CPU])


def test_the_page_tells_figures_and_who_is_not_here() -> None:
    absent = [
        Missing(Contestant("ort-cuda", precision), "no driver") for precision in ("fp32", "fp16")
    ]
    far = replace(GPU, difference=Difference(0.5, 0.9, is_within=False), resident=((256, 1e6),))
    told = page([CPU, far, *absent], "2 cores")
    assert "| ort-cpu, 1 thread | 2.000 | 0.100 | 5.0 | 5.0 | 0.0e+00 | 100.00 % |" in told
    assert "| 5.0e-01 (too far) | 90.00 % |" in told
    assert "| ort-cpu, 1 thread | 5,120,000 | 6,553,600 |" in told
    assert "| tensorrt, fp16, resident | 1,000,000 |" in told
    assert "- ort-cuda, fp32; ort-cuda, fp16: no driver" in told


def test_the_cpu_is_measured_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    found = list(measure(networks()[:1], (1, 8), seconds=0.001))
    first = found[0]
    assert isinstance(first, Measured)
    assert (str(first.contestant), first.network) == ("ort-cpu, 1 thread", "small")
    assert first.difference == SAME
    assert [timed.rows for timed in first.timed] == [1, 8]
    assert len(found) == 1 + 4 * 2
    assert all(each.reason for each in found if isinstance(each, Missing))
