"""Freed memory kept by the process, against the C library's own way of giving it back.

Run ``python benchmarks/memory.py``; about five minutes on two cores. The setting belongs to a
process and cannot be taken back, so each measurement has a process of its own; the two ways take
turns, so that a noisy machine disturbs both alike. ``--at-once 2`` trains in two processes beside
each other.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from multiprocessing import get_context

import psutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


from tlhelpers.core import memory
from tlhelpers.core.console import run_script
from tlhelpers.core.progress import bar

WAYS = {"kept": True, "given back": False}
EVERY = 0.02  # seconds between two looks at a process's memory: only Windows keeps its peak


@dataclass(frozen=True)
class Cost:
    """Of one training, the second of its process: building and compiling belong to the first."""

    seconds: float
    system: float  # share of the processor's time that the system took
    peak: int  # bytes, the most that the process was seen to hold


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[int]]:
    """The memory that a process holds, in bytes, looked at again and again.

    Yields
    ------
    list of int
        Complete when the context ends.
    """
    seen, ended = [process.memory_info().rss], threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            seen.append(process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def training(keep: bool, name: str, profile: str, epochs: int) -> Cost:
    """What a training costs; for a process that has not imported Keras."""
    os.environ["TLHELPERS_PROGRESS"] = "0"
    if not keep:
        memory.keep_freed = lambda: False
    from tlhelpers.experiment.cases import case
    from tlhelpers.training.trainer import Trainer

    this, process = case(name, profile), psutil.Process()
    with watched(process) as held:
        trainer = Trainer(this.measured.but(epochs=epochs), this.split)
        trainer.run(0)  # traces
        began, before = time.perf_counter(), process.cpu_times()
        trainer.run(1)
        seconds, after = time.perf_counter() - began, process.cpu_times()
    user, system = after.user - before.user, after.system - before.system
    return Cost(seconds, system / (user + system), max(held))


def main(
    case: str = "ferplus", profile: str = "quick", epochs: int = 2, pairs: int = 5, at_once: int = 1
) -> None:
    """Print the median cost of both ways, and the ratio of the times."""
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    with ProcessPoolExecutor(at_once, get_context("spawn"), max_tasks_per_child=1) as pool:
        for _ in bar(range(pairs), desc="pairs"):
            for way, keep in WAYS.items():
                asked = [(keep, case, profile, epochs)] * at_once
                costs[way] += pool.map(training, *zip(*asked, strict=True))
    print(f"{case}, profile {profile}: a run of {epochs} epochs, {at_once} at once")
    medians = {
        way: Cost(*map(statistics.median, zip(*map(astuple, found), strict=True)))
        for way, found in costs.items()
    }
    for way, cost in medians.items():
        print(
            f"{way:10}  {cost.seconds:6.1f} s, {cost.system:4.0%} of the processor's time in the "
            f"system, {cost.peak / 1e9:.2f} GB at most"
        )
    ratio = medians["given back"].seconds / medians["kept"].seconds
    print(f"given back against kept: ratio {ratio:.2f}")


if __name__ == "__main__":
    run_script(main)
