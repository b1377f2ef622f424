"""The runs that are wanted, and making those that are not recorded yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tlhelpers.core import locks, paths
from tlhelpers.core.progress import bar
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import Case
from tlhelpers.experiment.protocol import changed, fixes_of, images_of
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
        The profile's if not given.
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
        found += [Job(this, recipe, s, name + more, asked) for s in (seeds or range(this.seeds))]
    return found


def seconds_a_run(wanted: Iterable[Job], root: Path) -> float | None:
    """Median time of what is recorded of the same case, data and profile; None if nothing is."""
    where = {f"{job.case.name}-{job.case.data}-{job.case.profile}" for job in wanted}
    runs = (run for folder in where for run in recordings.every(root / folder, lambda _: None))
    times = [sum(run.history["seconds"]) for run in runs]
    return median(times) if times else None


Take = Callable[[Job], bool]
"""Asked right before a run is made: False if another process makes it, or has made it."""


def one_by_one(missing: Sequence[Job], take: Take) -> Iterator[tuple[Job, Run]]:
    """Make runs in this process, each when the one before is saved."""
    for job in bar(missing, desc="runs", unit="run"):
        if take(job):
            yield job, job.case.train(job.recipe, job.seed)


def record(
    wanted: Sequence[Job],
    root: Path | None = None,
    train: Callable[[Sequence[Job], Take], Iterator[tuple[Job, Run]]] = one_by_one,
) -> Iterator[Job]:
    """Train what is not recorded yet, save each run as it ends, and yield its job.

    Several processes can share the work: each run is made by the one that gets its lock, and a
    process that is killed leaves its run, and its lock, to the next.

    Parameters
    ----------
    wanted : sequence of Job
    root : path, optional
        ``recordings`` if not given.
    train : function, optional
        Makes the runs, in any order: here, or on other machines (`tlhelpers.course.cluster.train`).
    """
    from filelock import FileLock, Timeout

    root = root or paths.RECORDINGS
    held: dict[Path, FileLock] = {}

    def path(job: Job) -> Path:
        return job.case.unfinished(job.recipe, job.seed)

    def take(job: Job) -> bool:
        lock = job.case.lock(job.recipe, job.seed)
        try:
            locks.take(lock)
        except Timeout:  # another process is making it
            return False
        if job.recorded(root):
            lock.release()
            return False
        held[path(job)] = lock
        return True

    try:
        for job, run in train([job for job in wanted if not job.recorded(root)], take):
            recordings.save(run, root, job.label)
            job.case.forget(job.recipe, job.seed)
            held.pop(path(job)).release()
            yield job
    finally:
        for lock in held.values():
            lock.release()
