"""The runs that are wanted, and making those that are not recorded yet."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tlhelpers.core import files, locks, paths
from tlhelpers.core.errors import CourseError, in_one_line
from tlhelpers.core.progress import bar
from tlhelpers.experiment import protocol, recordings
from tlhelpers.experiment.cases import Case
from tlhelpers.experiment.protocol import changed, fixes_of, images_of
from tlhelpers.training import starts
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run


@dataclass(frozen=True)
class Job:
    """One run that is wanted.

    Attributes
    ----------
    case : Case
    recipe : Recipe
    seed : int
    label : str
        Names the folder of its recording.
    images : mapping
        The options that `tlhelpers.experiment.cases.case` made the case with.
    """

    case: Case
    recipe: Recipe
    seed: int
    label: str
    images: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.label}, seed {self.seed}"

    @property
    def unfinished(self) -> Path:
        """Where its state is kept until it is recorded; its lock lies beside it."""
        return self.case.unfinished(self.recipe, self.seed)

    def folder(self, root: Path) -> Path:
        """Where `root` keeps its recording."""
        this = self.case
        return recordings.folder(root, this.name, this.data, this.profile, self.recipe, self.label)

    def recorded(self, root: Path) -> bool:
        """Whether `root` has it."""
        this = self.case
        wanted = (this.name, this.data, this.profile, self.recipe, self.seed, this.spec)
        return recordings.find(*wanted, root) is not None


def jobs_for(
    case_name: str,
    data: str,
    profile: str,
    names: Sequence[str],
    seeds: Sequence[int] | None = None,
    **images: Any,
) -> list[Job]:
    """The runs of the recipes called `names`, recipe by recipe.

    Parameters
    ----------
    case_name, data, profile : str
    names : sequence of str
        As `fixes_of` takes them. All are looked up before anything else.
    seeds : sequence of int, optional
        As many from 0 on as the protocol asks for, if not given.
    **images
        Options of `tlhelpers.experiment.cases.case`, such as ``everything=True``.
    """
    wanted = {name: fixes_of(name, case_name) for name in names}
    more = "".join(f"-{option}={value}" for option, value in images.items())
    made: dict[str, Case] = {}  # one for all fixes that leave the images alone
    found = []
    for name, fixes in wanted.items():
        this, recipe = changed(case_name, profile, data, fixes, **images)
        this = made.setdefault(this.spec, this)
        asked = images_of(fixes, images)
        its = seeds or range(protocol.seeds(name, case_name, profile, this.seeds))
        found += [Job(this, recipe, s, name + more, asked) for s in its]
    return found


def seconds_a_run(wanted: Iterable[Job], root: Path) -> float | None:
    """Median time of what is recorded of the same case, data and profile; None if nothing is."""
    where = {f"{job.case.name}-{job.case.data}-{job.case.profile}" for job in wanted}
    runs = (run for folder in where for run in recordings.every(root / folder, lambda _: None))
    times = [sum(run.history["seconds"]) for run in runs]
    return median(times) if times else None


Take = Callable[[Job], bool]
"""Asked right before a run is made: False if another process makes it, or has made it."""


OnFailure = Callable[[Job, str], None]
"""Told of each run that could not be made, and why, in a line; the others go on."""

Train = Callable[[Sequence[Job], Take, OnFailure], Iterator[tuple[Job, Run]]]
"""Makes runs, in any order."""


def one_by_one(
    missing: Sequence[Job], take: Take, on_failure: OnFailure
) -> Iterator[tuple[Job, Run]]:
    """Make runs in this process, each when the one before is saved."""
    if missing:
        importlib.import_module("tlhelpers.core.quiet")  # no backend, no run: that ends it as well
    for job in bar(missing, desc="runs", unit="run"):
        if not take(job):
            continue
        _ = job.case.split  # images that are missing are missing for all: that ends it
        try:
            run = job.case.train(job.recipe, job.seed)
        except Exception as problem:
            on_failure(job, in_one_line(problem))
        else:
            yield job, run


def record(
    wanted: Sequence[Job],
    on_failure: OnFailure,
    root: Path | None = None,
    train: Train = one_by_one,
) -> Iterator[Job]:
    """Train what is not recorded yet, save each run as it ends, and yield its job.

    Several processes can share the work: each run is made by the one that gets its lock, and a
    process that is killed leaves its run, and its lock, to the next.

    Parameters
    ----------
    wanted : sequence of Job
    on_failure : function of a job and a sentence
        Told of each run that could not be made; its state and the other runs are kept.
    root : path, optional
        ``recordings`` if not given.
    train : function, optional
        Makes the runs: here, or on other machines (`tlhelpers.course.cluster.train`).

    Raises
    ------
    CourseError
        What is trained could not be kept: before the first training, or when the disk is full. Or
        the first weights are missing, or others than those of the recordings.
    """
    from filelock import FileLock, Timeout

    root = root or paths.RECORDINGS
    held: dict[Path, FileLock] = {}

    def take(job: Job) -> bool:
        lock = job.case.lock(job.recipe, job.seed)
        try:
            locks.take(lock)
        except Timeout:  # another process is making it
            return False
        if job.recorded(root):
            lock.release()
            return False
        held[job.unfinished] = lock
        return True

    def failed(job: Job, problem: str) -> None:
        if lock := held.pop(job.unfinished, None):
            lock.release()
        on_failure(job, problem)

    missing = [job for job in wanted if not job.recorded(root)]
    begun = _starts(missing, root)
    kept_in = dict.fromkeys(
        folder for job in missing for folder in (job.folder(root), job.unfinished.parent)
    )
    for folder in kept_in:
        files.check_writable(folder)
    try:
        for job, run in train(missing, take, failed):
            if run.start != begun.get(job.recipe, run.start):
                failed(job, f"another machine made it from first weights {run.start}")
                continue
            recordings.save(run, root, job.label)
            job.case.forget(job.recipe, job.seed)
            held.pop(job.unfinished).release()
            yield job
    finally:
        for lock in held.values():
            lock.release()


def _starts(missing: Sequence[Job], root: Path) -> dict[Recipe, str]:
    """Fingerprints of first weights that this machine made, for the recipes that start from them.

    Raises
    ------
    CourseError
        They are missing, or `root` has runs of the same case and profile that started from others.
        Fresh seeds are set beside each other alone, and so may have weights of their own.
    """
    found: dict[Recipe, str] = {}
    checked = set()
    for job in missing:
        fresh = protocol.of(job.case.profile).fresh
        of_fresh = job.seed in fresh
        if (job.recipe, of_fresh) in checked or not starts.made_here(job.recipe):
            continue
        checked.add((job.recipe, of_fresh))
        here = found[job.recipe] = starts.fingerprint(job.recipe) or ""
        folder = job.folder(root).parent
        for run in recordings.every(folder, lambda _: None):
            alike = run.recipe.pretrained_on == job.recipe.pretrained_on
            if alike and (run.seed in fresh) == of_fresh and run.start != here:
                raise CourseError(
                    f"Runs in {folder} started from weights {run.start}, those of this machine are "
                    f"{here}: move that folder away and record all of it, or fetch those weights."
                )
    return found
