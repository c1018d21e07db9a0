"""What all replays share: the arguments, the clock, and the one line of JSON that is printed."""

import argparse
import json
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUOTE = 2  # as in aitrader_core/simulation/ticks.py, which this environment does not import
TICK, LOT = 0.1, 0.001
FAST, SLOW = 2_000.0, 20_000.0  # spans of the rule's averages, in quotes
ORDER = 0.01  # its size: it holds this much, or is short of it

Columns = Mapping[str, NDArray[Any]]
Replay = Callable[[], int]  # returns how many orders it sent, or what else it counts


def main(version: str, prepare: Mapping[str, Callable[[Columns], Replay]]) -> None:
    """Time `--repeats` runs over the stream, or its first `--ticks`.

    In seconds of the CPU, those of all threads: on an idle machine the same as on the clock, and on
    a busy one a long run would lose more to its neighbours than a short one. What is prepared
    (read, converted, compiled) is not timed.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=prepare)
    parser.add_argument("stream")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ticks", type=int)
    asked = parser.parse_args()
    with np.load(asked.stream) as stream:
        columns = {name: column[: asked.ticks] for name, column in stream.items()}
    replay, seconds, count = prepare[asked.variant](columns), list[float](), 0
    for _ in range(asked.repeats):
        began = process_time()
        count = replay()
        seconds.append(process_time() - began)
    told = {"variant": asked.variant, "version": version, "seconds": seconds, "count": count}
    print(json.dumps({**told, "ticks": len(columns["received"])}))
