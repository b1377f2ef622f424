"""Work handed out to the workers of a Dask cluster, a piece at a time to each.

Dask's own scheduler would hand out all pieces in advance, eight at a time to a worker with eight
threads, and knows nothing of the networks that a worker has compiled. Here the client decides, and
Dask carries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tlhelpers.core.errors import CourseError, in_one_line

if TYPE_CHECKING:
    from distributed import Client, Future

_NO_WORKER = 60.0  # s without any worker until the work is given up; one that restarts takes five
_TICK = 0.2  # s between two looks at the cluster
_DEATHS = 3  # workers that one piece of work may take with it: it may need too much memory


@dataclass(eq=False)
class Task:
    """A piece of work and how it got on.

    Attributes
    ----------
    item : Any
        What it is to the caller.
    function, arguments : function, tuple
        What the worker does; plain values, so that nothing of Keras travels.
    kind : hashable
        A worker is faster with a task of the kind it had before.
    started : bool
    deaths : int
        Workers that died of it, or with it.
    refused : dict of str to str
        Workers that cannot do it, and why.
    """

    item: Any
    function: Callable[..., Any]
    arguments: tuple
    kind: Hashable = None
    started: bool = False
    deaths: int = 0
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """A task's result, or in one line why there is none."""

    item: Any
    result: Any = None
    problem: str | None = None


def spread(
    client: Client,
    tasks: Sequence[Task],
    start: Callable[[Any], bool],
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Done]:
    """Have the tasks done, one at a time on each worker; each result as it comes.

    A task whose worker dies goes to another. One that ends in a CourseError does, too, for a worker
    may lack images that others have; it fails when all have refused it.

    Parameters
    ----------
    client : Client
    tasks : sequence of Task
    start : function of an item
        Called when a worker is free for it; False leaves it out.
    tick : function
        Called a few times a second.
    """
    waiting, kinds = list(tasks), {}
    running: dict[str, tuple[Task, Future]] = {}
    seen = time.monotonic()
    try:
        while waiting or running:
            workers = _workers(client)
            seen = time.monotonic() if workers else seen
            if time.monotonic() - seen > _NO_WORKER:
                raise CourseError("The cluster has no workers any more; what was finished is kept.")
            for worker, (task, future) in list(running.items()):
                if worker not in workers or future.done():
                    del running[worker]
                    if done := _ended(task, worker, future):
                        yield done
                    else:
                        waiting.insert(0, task)
            for worker in workers - set(running):
                while task := _next(waiting, worker, kinds):
                    waiting.remove(task)
                    if task.started or start(task.item):
                        task.started, kinds[worker] = True, task.kind
                        running[worker] = (
                            task,
                            client.submit(
                                task.function, *task.arguments, workers=[worker], pure=False
                            ),
                        )
                        break
            if workers and not running:  # each has refused what is left
                for task in waiting:
                    yield Done(task.item, problem=task.refused.popitem()[1])
                return
            tick()
            time.sleep(_TICK)
    finally:  # an interrupted run, too, must leave the workers free: see `stop_if_unwanted`
        with suppress(Exception):
            client.cancel([future for _, future in running.values()])


def _ended(task: Task, worker: str, future: Future) -> Done | None:
    """What a task came to, or None if another worker shall try it."""
    try:
        if future.status == "finished":
            return Done(task.item, future.result(timeout=60))
        if future.status == "error":
            problem = future.exception(timeout=60)
            line = f"{in_one_line(problem)} (worker {worker})"
            if not isinstance(problem, CourseError):
                return Done(task.item, problem=line)
            task.refused[worker] = line
            return None
    except (TimeoutError, CancelledError, OSError):  # it died before its result was fetched
        pass
    future.cancel()
    task.deaths += 1
    if task.deaths < _DEATHS:
        return None
    words = f"{_DEATHS} workers died while they made it; often the memory had run out"
    return Done(task.item, problem=f"{words} (the last was {worker})")


def _next(waiting: Sequence[Task], worker: str, kinds: dict[str, Hashable]) -> Task | None:
    """What a free worker does best: more of the same, or else what no other is at."""
    able = [task for task in waiting if worker not in task.refused]
    return min(
        able,
        key=lambda task: (task.kind != kinds.get(worker), task.kind in kinds.values()),
        default=None,
    )


def _workers(client: Client) -> set[str]:
    try:
        return set(client.nthreads())
    except (OSError, TimeoutError):
        raise CourseError("The scheduler is gone; what was finished is kept.") from None


# On the worker.


class _Unwanted(Exception):
    """The client was stopped, or gave this task to another worker."""


def stop_if_unwanted(_: Any = None) -> None:
    """Raise `_Unwanted` if nobody waits for this task: Dask would let it run to its end."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state != "executing":
        raise _Unwanted
