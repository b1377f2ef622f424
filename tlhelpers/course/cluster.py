"""Runs and pages on the workers of a Dask cluster: other machines, or the GPUs of this one.

This process hands them out and keeps what comes back at once: nothing that was finished is lost if
a worker dies, or this process.

Whoever can reach a scheduler can have any code run on its workers: Dask asks for no password. Keep
its port inside a network that you trust, on 127.0.0.1 behind an SSH tunnel, or use TLS
(https://distributed.dask.org, "TLS/SSL").
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.core import files, machine
from tlhelpers.core.errors import CourseError, in_one_line
from tlhelpers.core.progress import bar
from tlhelpers.course import runner
from tlhelpers.course.dispatch import Task, spread, stop_if_unwanted
from tlhelpers.course.junit import FAILED, INTERRUPTED
from tlhelpers.course.report import PageResult
from tlhelpers.experiment.cases import Case, case
from tlhelpers.experiment.cases.base import forget
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run

if TYPE_CHECKING:
    from distributed import Client, SpecCluster

    from tlhelpers.experiment.jobs import Job, OnFailure, Take

LOCAL = "local"  # the address of a cluster on this machine, one worker a GPU
PATIENCE = 4.0  # s to wait for a scheduler, and again for its first worker

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
        # In a thread of its own: a notebook's has an event loop that runs already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _call(address)).result()
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

    here = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
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
        scheduler={"cls": Scheduler, "options": here},
        silence_logs=logging.CRITICAL,
    )


def _agree(client: Client) -> None:
    """Raise unless every worker has this machine's code, Keras and backend.

    So must the scheduler: Dask unpacks each task there, too.
    """
    ours = machine.installed()
    found = client.run(machine.installed, on_error="return")
    found = {f"Worker {address}": theirs for address, theirs in found.items()}
    try:
        found["The scheduler"] = client.run_on_scheduler(machine.installed)
    except Exception as problem:  # whatever goes wrong with its imports
        found["The scheduler"] = problem
    for who, theirs in found.items():
        if isinstance(theirs, BaseException):
            line = in_one_line(theirs)
            raise CourseError(f"{who} cannot use tlhelpers as it is here: {line}")
        for what, version in ours.items():
            if theirs[what] != version:
                raise CourseError(
                    f"{who} has {what} {theirs[what]}, this machine {version}: "
                    "install the same everywhere, or runs cannot be compared."
                )


# --- runs --------------------------------------------------------------------------------


def train(
    client: Client, missing: Sequence[Job], take: Take, on_failure: OnFailure
) -> Iterator[tuple[Job, Run]]:
    """Make runs on the workers, for `tlhelpers.experiment.jobs.record`.

    Parameters
    ----------
    client : Client
    missing : sequence of Job
    take : function of a job
    on_failure : function of a job and a sentence
        Told of each run that no worker could make; the others go on.
    """
    tasks = [
        Task(
            job,
            _train,
            (job.case.name, job.case.profile, job.case.data, job.images, job.recipe, job.seed),
            kind=(job.case.spec, job.recipe.architecture()),
        )
        for job in missing
    ]
    with bar(total=len(tasks), desc="runs", unit="run") as shown:

        def start(job: Job) -> bool:
            ours = take(job)
            shown.update(not ours)
            return ours

        for done in spread(client, tasks, start):
            shown.update()
            if done.problem:
                on_failure(done.item, done.problem)
            else:
                yield done.item, done.result
                # It is saved, or nobody would ask for the next. Its state is on a worker's disk.
                kept = done.item.case.unfinished(done.item.recipe, done.item.seed).name
                with suppress(OSError, TimeoutError):  # a scheduler that is gone: `spread` says so
                    client.run(forget, kept, on_error="ignore")


# --- pages -------------------------------------------------------------------------------


def execute(
    client: Client,
    all_pages: list[runner.Page],
    out: Path,
    parameters: dict[str, Any],
    timeout: int,
    on_progress: runner.Watch,
) -> None:
    """Execute pages on the workers, for `tlhelpers.course.runner.run`; see there."""
    began: dict[Path, float] = {}

    def start(page: runner.Page) -> bool:
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
        Task(
            page,
            _execute,
            (page.path.stem, page.path.read_text("utf-8", "replace"), parameters, timeout),
        )
        for page in all_pages
    ]
    try:
        for done in spread(client, tasks, start, lambda: on_progress(all_pages)):
            page = done.item
            result, copies = done.result or (without_result(page, FAILED, done.problem), {})
            for suffix, text in copies.items():
                files.save(out / f"{page.path.stem}{suffix}", text)
            page.bars, page.result = None, result
            on_progress(all_pages)
    except KeyboardInterrupt:
        stop(INTERRUPTED)
    except CourseError as problem:  # the cluster is gone: the report says so
        stop(FAILED, str(problem))


# --- on the worker -----------------------------------------------------------------------

_room = threading.Lock()  # for one run or page, however many threads and clients there are


def _train(
    case_name: str, profile: str, data: str, images: dict[str, Any], recipe: Recipe, seed: int
) -> Run:
    """Train a run on this worker, whose case keeps its images and networks for the next."""
    with _room:
        stop_if_unwanted()
        this = _case(case_name, profile, data, tuple(images.items()))
        return this.train(recipe, seed, stop_if_unwanted)


@lru_cache(maxsize=2)  # of the images: with them, and without duplicates, say
def _case(name: str, profile: str, data: str, images: tuple[tuple[str, Any], ...]) -> Case:
    return case(name, profile, data, **dict(images))


def _execute(
    name: str, text: str, parameters: dict[str, Any], timeout: int
) -> tuple[PageResult, dict[str, str]]:
    """Execute a page on this worker."""
    with _room:
        stop_if_unwanted()
        return runner.run_text(name, text, parameters, timeout, stop_if_unwanted)
