"""Several models' walks at once: those that wait for others do so side by side, in threads."""

from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from threading import Event, Thread

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Plan, Put, Step, walk

Message = tuple[Plan, Step | BaseException | None]


def walk_all(
    floor: Floor,
    plans: Sequence[Plan],
    put: Callable[[Plan], Put | None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Plan, Step]]:
    """Each plan's steps as they come; `put` gives what stores a plan's days, or the floor's own.

    Models that ask others over a network have a thread each; the rest walk one after the other
    meanwhile, in the caller's. A lost database raises, and ends all walks after their session; so
    does leaving the iterator early.
    """
    remote = [plan for plan in plans if _is_remote(floor, plan)]
    if len(plans) == 1:
        remote = []
    over, messages = Event(), SimpleQueue[Message]()

    def is_over() -> bool:
        return stop() or over.is_set()

    try:
        for plan in remote:
            # one that waits for an answer does not keep an interrupted process from ending
            arguments = (floor, plan, put(plan), is_over, messages)
            Thread(target=_walk, args=arguments, name=plan.model, daemon=True).start()
        for plan in plans:
            if plan not in remote:
                for step in walk(floor, plan, put(plan), is_over):
                    yield plan, step
        at_work = len(remote)
        while at_work:
            plan, message = messages.get()
            if isinstance(message, BaseException):
                raise message
            if message is None:
                at_work -= 1
            else:
                yield plan, message
    finally:
        over.set()


def _walk(
    floor: Floor,
    plan: Plan,
    put: Put | None,
    stop: Callable[[], bool],
    messages: "SimpleQueue[Message]",
) -> None:
    try:
        for step in walk(floor, plan, put, stop):
            messages.put((plan, step))
    except BaseException as error:
        messages.put((plan, error))
    else:
        messages.put((plan, None))


def _is_remote(floor: Floor, plan: Plan) -> bool:
    """Whether the model spends its days waiting for others."""
    entry = floor.arena.models.get(plan.model)
    return bool(entry and getattr(entry.agent, "is_remote", False))
