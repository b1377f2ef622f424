"""Trainings of a check, several at a time, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from tlhelpers.core import machine
from tlhelpers.course import regression
from tlhelpers.course.regression import Plan, Train
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import Case
from tlhelpers.experiment.fixes import fix
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run


@contextmanager
def trainer(plans: Sequence[Plan], first_seed: int, jobs: int) -> Iterator[Train]:
    """What `regression.outcomes` trains with: the runs that it will want begin at once.

    Parameters
    ----------
    plans : sequence of Plan
        Of one case or of several.
    first_seed : int
        As `regression.outcomes` gets it.
    jobs : int
        Processes. With one, each run is made in this process when it is wanted.

    Yields
    ------
    function of Case, Recipe and seed
    """
    if jobs == 1:
        yield regression.train_here
        return
    # Two trainings on one core each take less time than one after the other on two: small
    # networks leave the second core idle.
    threads = max(1, machine.cores() // jobs)
    pool = ProcessPoolExecutor(
        jobs,
        # A forked TensorFlow hangs.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(threads,),
    )
    begun: dict[tuple[str, Recipe, int], Future[Run]] = {}
    fixes = {(plan.case.spec, plan.recipe): plan.fixes for plan in plans}

    def begin(this: Case, recipe: Recipe, seed: int) -> Future[Run]:
        key = (this.spec, recipe, seed)
        if key not in begun:
            names = fixes[this.spec, recipe]
            begun[key] = pool.submit(_train, this.name, this.data, this.profile, names, seed)
        return begun[key]

    def wait(this: Case, recipe: Recipe, seed: int) -> Run:
        return begin(this, recipe, seed).result()

    try:
        for plan, seed in regression.first_tries(plans, first_seed):
            begin(plan.case, plan.recipe, seed)
        yield wait
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(threads: int) -> None:
    """Before Keras is imported: each process keeps to its share of the cores, and draws no bars."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(threads)
    os.environ["TLHELPERS_PROGRESS"] = "0"


def _train(name: str, data: str, profile: str, fixes: tuple[str, ...], seed: int) -> Run:
    this, recipe = protocol.changed(name, profile, data, [fix(one) for one in fixes])
    # The process keeps the case, and with it the networks that it has built.
    return regression.train_here(_kept.setdefault(this.spec, this), recipe, seed)


_kept: dict[str, Case] = {}
