"""The experiment: which runs are made, and what is asked of them. See recordings/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from statistics import median
from typing import Any

from tlhelpers.core import locks, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import CASES, Case, case
from tlhelpers.experiment.fixes import FIXES, Fix, fix
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run

POSTED = "posted"  # the name of the recipe without any fix

VERSION = 3
"""Of recordings/PROTOCOL.md. What follows is fixed with it: a change needs a new version."""

ASKED: dict[str, tuple[str, ...]] = {
    "retinopathy": (
        "frozen-batchnorm",
        "reestimated-batchnorm",
        "categorical-crossentropy",
        "head-first",
        "learning-rate-1e-5",
        "warmup-cosine",
        "plateau",
        "clipnorm",
        "label-smoothing",
        "weight-average",
        "dense-512",
    ),
    "ferplus": (
        "frozen-batchnorm",
        "reestimated-batchnorm",
        "momentum-0.99",
        "backbone-inputs",
        "size-48",
        "class-weights-balanced",
        "class-weights-effective-number",
        "class-weights-inverse-root",
        "logit-adjustment",
        "soft-labels",
        "no-duplicates",
        "head-first",
        "learning-rate-1e-4",
        "warmup-cosine",
        "clipnorm",
        "label-smoothing",
        "weight-average",
    ),
}
"""The fixes whose single effect is judged: the family of Holm's correction, whatever else the
catalogue holds by now."""

DESCRIBED: dict[str, tuple[str, ...]] = {"retinopathy": ("momentum-0.999",), "ferplus": ()}
"""Recorded as well, and never judged: causes made larger."""

STEADY: dict[str, tuple[str, ...]] = {
    "retinopathy": ("frozen-batchnorm", "weight-average"),
    "ferplus": ("frozen-batchnorm", "weight-average"),
}
"""The fixes of each case's steady recipe, in the order of their causes."""

FRESH_SEEDS = range(8, 16)
"""Seeds that judge the steady recipe and had no part in choosing it."""


@dataclass(frozen=True)
class Question:
    """What does one fix do, added to a recipe that may have others already?

    Attributes
    ----------
    design : str
        "single": added to the recipe as posted. "leave-one-out": the last that the steady recipe
        still lacks. "cumulative": one step of the way from the recipe as posted to the steady one.
    fix : str
    before, after : tuple of str
        Names of the fixes of the recipe without it and with it.
    judged : bool
        Whether it gets a verdict; else it is only described. A fix that is younger than the
        protocol's version is described, or asking more would change what was found.
    """

    design: str
    fix: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    judged: bool = True


def questions(case_name: str) -> list[Question]:
    """All questions of a case, design by design, and the fixes that nobody had asked about."""
    steady, asked = STEADY[case_name], ASKED[case_name]
    single = [f.name for f in FIXES.values() if case_name in f.cases and f.works]
    return [
        *(Question("single", name, (), (name,), name in asked) for name in single),
        *(
            Question(
                "leave-one-out", name, tuple(other for other in steady if other != name), steady
            )
            for name in steady
        ),
        *(
            Question("cumulative", name, steady[:i], steady[: i + 1], judged=False)
            for i, name in enumerate(steady)
        ),
    ]


def recipes(case_name: str) -> list[str]:
    """Names of all recipes that the protocol asks for in a case, each once; see `fixes_of`."""
    asked = {*ASKED[case_name], *DESCRIBED[case_name]}
    needed = [side for q in questions(case_name) if q.fix in asked for side in (q.before, q.after)]
    return list(dict.fromkeys(map(joined, needed)))


def joined(names: Sequence[str]) -> str:
    """One name for a recipe with these fixes, whatever their order."""
    order = list(FIXES)
    return "+".join(sorted(names, key=order.index)) or POSTED


def fixes_of(name: str, case_name: str) -> tuple[Fix, ...]:
    """The fixes of a recipe called `name`: "posted", one fix, or several joined by +.

    Raises
    ------
    CourseError
        An unknown fix, one that is none for this case, or two that change the same thing.
    """
    fixes = () if name == POSTED else tuple(fix(part) for part in name.split("+"))
    for each in fixes:
        if case_name in CASES and case_name not in each.cases:
            raise CourseError(f"'{each.name}' is no fix for {case_name}, but for {each.cases[0]}.")
    _refuse_conflicts(fixes)
    return fixes


def changed(
    case_name: str, profile: str, data: str, fixes: Sequence[Fix], **images: Any
) -> tuple[Case, Recipe]:
    """The case with the images that these fixes ask for, and its measured recipe with them.

    Raises
    ------
    CourseError
        Two fixes change the same thing, or a fix another option of the images than asked for.
    """
    this = case(case_name, profile, data, **_images(fixes, images))
    return this, _with(fixes, this.measured)


def _refuse_conflicts(fixes: Sequence[Fix]) -> None:
    """Raise if a fix stands twice, or two set the same field: the last would win in silence."""
    by: dict[str, str] = {}
    for each in fixes:
        for changes in (each.change, each.images):
            for field_name in changes:
                if field_name in by:
                    other = by[field_name]
                    raise CourseError(
                        f"'{each.name}' stands twice: once is enough."
                        if other == each.name
                        else f"'{other}' and '{each.name}' both change {field_name}: choose one."
                    )
                by[field_name] = each.name


def _with(fixes: Sequence[Fix], recipe: Recipe) -> Recipe:
    """A recipe with all these fixes."""
    _refuse_conflicts(fixes)
    return reduce(lambda changed, each: each.apply(changed), fixes, recipe)


def _images(fixes: Sequence[Fix], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the case: those asked for, and those that the fixes ask for."""
    options = dict(asked)
    for each in fixes:
        for name, value in each.images.items():
            if options.setdefault(name, value) != value:
                raise CourseError(
                    f"'{each.name}' sets {name}={value!r} and {name}={asked[name]!r} is asked "
                    "for: leave one of them out."
                )
    return options


def steady(this: Case) -> Recipe:
    """The steady recipe of a case, in its profile's sizes.

    Parameters
    ----------
    this : Case

    Returns
    -------
    Recipe
    """
    return _with(steady_fixes(this.name), this.measured)


def steady_fixes(case_name: str) -> tuple[Fix, ...]:
    """The fixes of a case's steady recipe, in the order in which they are added."""
    return tuple(fix(name) for name in STEADY[case_name])


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


def jobs(
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
        asked = _images(fixes, images)
        found += [Job(this, recipe, s, name + more, asked) for s in (seeds or range(this.seeds))]
    return found


def seconds_a_run(wanted: Iterable[Job], root: Path) -> float | None:
    """Median time of what is recorded of the same case, data and profile; None if nothing is."""
    where = {f"{job.case.name}-{job.case.data}-{job.case.profile}" for job in wanted}
    files = [file for folder in where for file in (root / folder).glob("*/seed-*.json")]
    times = [sum(recordings.load(file).history["seconds"]) for file in files]
    return median(times) if times else None


Claim = Callable[[Job], bool]
"""Asked right before a run is made: False if another process makes it, or has made it."""


def one_by_one(missing: Sequence[Job], claim: Claim) -> Iterator[tuple[Job, Run]]:
    """Make runs in this process, each when the one before is saved."""
    for job in bar(missing, desc="runs", unit="run"):
        if claim(job):
            yield job, job.case.train(job.recipe, job.seed)


def record(
    wanted: Sequence[Job],
    root: Path | None = None,
    train: Callable[[Sequence[Job], Claim], Iterator[tuple[Job, Run]]] = one_by_one,
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

    def claim(job: Job) -> bool:
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
        for job, run in train([job for job in wanted if not job.recorded(root)], claim):
            recordings.save(run, root, job.label)
            job.case.forget(job.recipe, job.seed)
            held.pop(path(job)).release()
            yield job
    finally:
        for lock in held.values():
            lock.release()
