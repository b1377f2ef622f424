"""Runs and pages on the workers of a Dask cluster: other machines, or the GPUs of this one.

This process hands out the work, a piece a worker, and keeps what comes back at once; so a worker
may die, or this process, and nothing that was finished is lost. Dask's own scheduler would hand out
all pieces in advance and, to a worker with eight threads, eight at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers import machine, pages, runner
from tlhelpers.cases import Case, case
from tlhelpers.errors import CourseError
from tlhelpers.progress import bar
from tlhelpers.recipe import Recipe
from tlhelpers.report import FAILED, INTERRUPTED, PageResult
from tlhelpers.run import Run

if TYPE_CHECKING:
    from distributed import Client, Future, SpecCluster

    from tlhelpers.protocol import Claim, Job

LOCAL = "local"  # the address of a cluster on this machine, one worker a GPU
PATIENCE = 4.0  # s to wait for a scheduler, and again for its first worker
_NO_WORKER = 60.0  # s without any worker until the work is given up; one that restarts takes five
_TICK = 0.2  # s between two looks at the cluster
_DEATHS = 3  # workers that one piece of work may take with it: it may need too much memory

# --- the cluster -------------------------------------------------------------------------


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of the scheduler at `address`, whose workers have what this machine has.

    Parameters
    ----------
    address : str
        "tcp://host:8786"; or "local" for workers on this machine, which end with the client.

    Raises
    ------
    CourseError
        Dask is missing, nobody answers, there is no worker, or a worker has other versions.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CourseError(
            '--scheduler needs Dask: pip install -c constraints.txt -e ".[dask]"'
        ) from None
    if address == LOCAL:
        with _this_machine(machine.gpus()) as cluster, connect(cluster.scheduler_address) as client:
            yield client
        return
    try:
        asyncio.run(_call(address))
    except Exception:  # nobody, no such address, or somebody who speaks something else
        raise CourseError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler`, "
            "which prints its address."
        ) from None
    with Client(address, set_as_default=False) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise CourseError(
                f"The scheduler at {address} has no workers: start one on each machine with "
                f"`dask worker {address}`."
            ) from None
        _agree(client)
        yield client


async def _call(address: str) -> None:
    """Connect once: a Client that cannot takes long to give up, and is noisy."""
    from distributed.comm import connect
    from distributed.security import Security

    more = Security().get_connection_args("client")
    comm = await connect(address, timeout=PATIENCE, **more)
    await comm.close()


def _this_machine(gpus: Sequence[str]) -> SpecCluster:
    """One worker process a GPU, which sees no other; one worker if there is no GPU."""
    from distributed import Nanny, Scheduler, SpecCluster

    here = {"host": "127.0.0.1", "dashboard": False}
    # The bars of several processes would overwrite each other. Dask would limit a worker with one
    # thread to one core's share of the memory.
    worker = {**here, "nthreads": 1, "memory_limit": None, "silence_logs": logging.CRITICAL}
    devices = [{"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus] or [{}]
    return SpecCluster(
        workers={
            number: {
                "cls": Nanny,  # a process of its own, started anew if it dies
                "options": {**worker, "env": {"TLHELPERS_PROGRESS": "0", **device}},
            }
            for number, device in enumerate(devices)
        },
        scheduler={"cls": Scheduler, "options": {**here, "dashboard_address": None}},
        silence_logs=logging.CRITICAL,
    )


def _agree(client: Client) -> None:
    """Raise unless every worker has this machine's code, Keras and backend."""
    ours = machine.installed()
    for worker, theirs in client.run(machine.installed, on_error="return").items():
        if isinstance(theirs, BaseException):
            raise CourseError(
                f"Worker {worker} cannot use tlhelpers: {pages.in_one_line(theirs, pages.TIMEOUT)}"
            )
        for what, version in ours.items():
            if theirs.get(what) != version:
                raise CourseError(
                    f"Worker {worker} has {what} {theirs.get(what)}, this machine {version}: "
                    "the runs could not be compared."
                )


# --- handing out work --------------------------------------------------------------------


@dataclass(eq=False)
class _Task:
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
class _Done:
    """A task's result, or in one line why there is none."""

    item: Any
    result: Any = None
    problem: str | None = None


def _spread(
    client: Client,
    tasks: Sequence[_Task],
    start: Callable[[Any], bool],
    tick: Callable[[], None] = lambda: None,
) -> Iterator[_Done]:
    """Have the tasks done, one at a time on each worker; each result as it comes.

    A task whose worker dies goes to another. One that ends in a CourseError does, too, for a worker
    may lack pictures that others have; it fails when all have refused it.

    Parameters
    ----------
    client : Client
    tasks : sequence of _Task
    start : function of an item
        Called when a worker is free for it; False leaves it out.
    tick : function
        Called a few times a second.
    """
    waiting, kinds = list(tasks), {}
    running: dict[str, tuple[_Task, Future]] = {}
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
                    yield _Done(task.item, problem=task.refused.popitem()[1])
                return
            tick()
            time.sleep(_TICK)
    finally:  # an interrupted run, too, must leave the workers free: see `_stop_if_unwanted`
        with suppress(Exception):
            client.cancel([future for _, future in running.values()])


def _ended(task: _Task, worker: str, future: Future) -> _Done | None:
    """What a task came to, or None if another worker shall try it."""
    try:
        if future.status == "finished":
            return _Done(task.item, future.result(timeout=60))
        if future.status == "error":
            problem = future.exception(timeout=60)
            line = f"{pages.in_one_line(problem, pages.TIMEOUT)} (worker {worker})"
            if not isinstance(problem, CourseError):
                return _Done(task.item, problem=line)
            task.refused[worker] = line
            return None
    except (TimeoutError, CancelledError, OSError):  # it died before its result was fetched
        pass
    future.cancel()
    task.deaths += 1
    if task.deaths < _DEATHS:
        return None
    words = f"{_DEATHS} workers died while they made it; often the memory had run out"
    return _Done(task.item, problem=f"{words} (the last was {worker})")


def _next(waiting: Sequence[_Task], worker: str, kinds: dict[str, Hashable]) -> _Task | None:
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


# --- runs --------------------------------------------------------------------------------


def train(
    client: Client,
    on_failure: Callable[[Job, str], None],
    missing: Sequence[Job],
    claim: Claim,
) -> Iterator[tuple[Job, Run]]:
    """Make runs on the workers, for `tlhelpers.protocol.record`.

    Parameters
    ----------
    client : Client
    on_failure : function of a job and a sentence
        Told of each run that no worker could make; the others go on.
    missing : sequence of Job
    claim : function of a job
    """
    tasks = [
        _Task(
            job,
            _train,
            (job.case.name, job.case.profile, job.case.data, job.pictures, job.recipe, job.seed),
            kind=(job.case.spec, job.recipe.architecture()),
        )
        for job in missing
    ]
    with bar(total=len(tasks), desc="runs", unit="run") as shown:

        def start(job: Job) -> bool:
            ours = claim(job)
            shown.update(not ours)
            return ours

        for done in _spread(client, tasks, start):
            shown.update()
            if done.problem:
                on_failure(done.item, done.problem)
            else:
                yield done.item, done.result


# --- pages -------------------------------------------------------------------------------


def execute(
    client: Client,
    all_pages: list[runner.Page],
    out: Path,
    parameters: dict[str, Any],
    timeout: int,
    on_progress: runner.Watch,
) -> None:
    """Execute pages on the workers, for `tlhelpers.runner.run`; see there."""
    began: dict[Path, float] = {}

    def start(page: runner.Page) -> bool:
        runner.forget(out, page.path.stem)
        page.bars = Path(os.devnull)  # those of its trainings stay on the worker
        began[page.path] = time.monotonic()
        return True

    def without_result(page: runner.Page, status: str, error: str | None = None) -> PageResult:
        seconds = round(time.monotonic() - began[page.path], 3)
        return PageResult(page.path.stem, page.title, status, seconds, error=error)

    def stop(status: str, error: str | None = None) -> None:
        for page in all_pages:
            if page.path in began and not page.result:
                page.result = without_result(page, status, error)

    tasks = [
        _Task(
            page,
            _execute,
            (page.path.stem, page.path.read_text("utf-8", "replace"), parameters, timeout),
        )
        for page in all_pages
    ]
    try:
        for done in _spread(client, tasks, start, lambda: on_progress(all_pages)):
            page = done.item
            result, copies = done.result or (without_result(page, FAILED, done.problem), {})
            for suffix, text in copies.items():
                pages.save(out / f"{page.path.stem}{suffix}", text)
            page.bars, page.result = None, result
            on_progress(all_pages)
    except KeyboardInterrupt:
        stop(INTERRUPTED)
    except CourseError as problem:  # the cluster is gone: the report says so
        stop(FAILED, str(problem))


# --- on the worker -----------------------------------------------------------------------

_room = threading.Lock()  # for one run or page, however many threads and clients there are


def _train(
    case_name: str, profile: str, data: str, pictures: dict[str, Any], recipe: Recipe, seed: int
) -> Run:
    """Train a run on this worker, whose case keeps its pictures and networks for the next."""
    with _room:
        _stop_if_unwanted()
        this = _case(case_name, profile, data, tuple(pictures.items()))
        return this.train(recipe, seed, _stop_if_unwanted)


@lru_cache(maxsize=2)  # of the pictures: with them, and without twins, say
def _case(name: str, profile: str, data: str, pictures: tuple[tuple[str, Any], ...]) -> Case:
    return case(name, profile, data, **dict(pictures))


def _execute(
    name: str, text: str, parameters: dict[str, Any], timeout: int
) -> tuple[PageResult, dict[str, str]]:
    """Execute a page on this worker."""
    with _room:
        _stop_if_unwanted()
        return runner.run_text(name, text, parameters, timeout, _stop_if_unwanted)


class _Unwanted(Exception):
    """The client was stopped, or gave this task to another worker."""


def _stop_if_unwanted(_: Any = None) -> None:
    """Raise `_Unwanted` if nobody waits for this task: Dask would let it run to its end."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state != "executing":
        raise _Unwanted
