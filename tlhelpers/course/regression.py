"""Two-sided regression: what was unsteady must still be, and what helped must still help.

Mechanism checks need no recordings: they prove on a tiny network that a fix does what it says, and
that what does nothing still does nothing. Outcome checks train anew and hold the result against the
recordings, with a tolerance from their spread. What fails is tried once more, with further seeds,
before it counts. An effect that is too close to its own noise for so few new runs is not checked,
and that is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.analysis import metrics
from tlhelpers.analysis.comparisons import HELPS, Comparison, compare
from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.course import junit
from tlhelpers.course.junit import FAILED, INTERRUPTED, NOT_RUN, PASSED
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import Case, case
from tlhelpers.experiment.fixes import FIXES, Fix
from tlhelpers.measures.statistics import prediction_margin
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Experiment, Run

NOT_CHECKED = "not checked"

LEVEL = 0.99
"""One-sided, of a metric that is chosen beforehand.

The best of several metrics is taken, so new runs of unchanged code lie beyond the limit a few
times in a hundred. What does so is tried once more with further seeds and one more run, and only
what lies beyond both times fails.
"""

_OF_THE_POSTED = ("jitter", "swing", "lag", "train_inference_gap")
_OF_A_FIX = ("jitter", "swing", "lag", "train_inference_gap", "climb")
_MOST_RUNS = 16  # beyond, the spread of the recorded ones decides

SCHEMA = 1
"""Of check.json; `check.schema.json` beside this module says what stands in it."""

USUAL = {
    "retinopathy": ("weight-average-update-bn",),
    "ferplus": ("weight-average-update-bn", "learning-rate-1e-4"),
}
"""Fixes whose outcome is checked if nothing else is asked for, beside the posted recipes.

The answer of both questions, and the other cure that a single pair of runs can tell from its noise.
They are chosen by what they cost: two cores make these runs in under ten minutes.
"""

Train = Callable[[Case, Recipe, int], Run]


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes
    ----------
    name : str
        Case, fix and kind, such as "ferplus frozen-batchnorm mechanism".
    claim : str
    status : str
        "passed", "failed" or "not checked".
    found : str
        What was measured, in one line.
    """

    name: str
    claim: str
    status: str
    found: str

    def test_case(self) -> junit.TestCase:
        """The check for CI servers."""
        status = NOT_RUN if self.status == NOT_CHECKED else self.status
        return junit.TestCase(self.name, status, message=f"{self.claim}: {self.found}")


@dataclass(frozen=True)
class Target:
    """A recorded number that new runs are held against.

    Attributes
    ----------
    fix : Fix or None
        None is the recipe as posted.
    metric : str
    recorded : float
        Mean over the recorded seeds: of the metric, or of the paired difference that the fix makes.
    limit : float
        Where `runs` new runs of unchanged code stay on the recorded side of, at `LEVEL`. It lies
        between the recorded number and zero, or the target could not fail.
    runs : int
        New runs, or pairs of runs.
    """

    fix: Fix | None
    metric: str
    recorded: float
    limit: float
    runs: int

    def holds(self, measured: float) -> bool:
        """Whether a new mean lies on the recorded side of the limit."""
        return (measured - self.limit) * np.sign(self.recorded) > 0


def mechanisms(case_name: str, names: Sequence[str] = ()) -> Iterator[Outcome]:
    """The mechanism checks of a case's fixes, on the smoke profile's network.

    Parameters
    ----------
    case_name : str
    names : sequence of str
        Fixes; all of the case if none is given.
    """
    from tlhelpers.experiment.checks import batchnorm_moves

    this = case(case_name, "smoke")
    live = batchnorm_moves(this.trainer(this.measured))
    yield Outcome(
        f"{case_name} posted mechanism",
        live.claim,
        PASSED if live.passed else FAILED,
        live.found,
    )
    for each in (f for f in FIXES.values() if case_name in f.cases):
        if names and each.name not in names:
            continue
        that = each.case(case_name, "smoke") if each.images else this
        check = each.check(that.trainer(each.apply(that.measured)))
        found = check.found
        if check.passed != each.works:
            found += (
                "; this version of Keras, or of this package, no longer makes it work"
                if each.works
                else f"; {each.title} used to do nothing and does something now: Keras "
                "has changed, and the pages that call it a myth must be rewritten"
            )
        yield Outcome(
            f"{case_name} {each.name} mechanism",
            check.claim if each.works else f"it is still not so that {check.claim}",
            PASSED if check.passed == each.works else FAILED,
            found,
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """One outcome check: what it trains, and what it holds the result against.

    Attributes
    ----------
    name, claim : str
        As in `Outcome`.
    case : Case
    recipe : Recipe
    target : Target or None
        None: nothing is trained.
    again : Target or None
        What a second try is held against, with further seeds and one more run, if the first fails.
    why_not : str
        Why there is no target.
    fixes : tuple of str
        Those that the recipe has.
    seconds : float
        Of the recorded run of the recipe that was made fastest: what else the machine did is no
        part of it.
    """

    name: str
    claim: str
    case: Case
    recipe: Recipe
    target: Target | None
    again: Target | None
    why_not: str
    fixes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def runs(self) -> int:
        """New runs of the recipe."""
        return self.target.runs if self.target else 0


def posted_target(before: Experiment, runs: int) -> Target | None:
    """What must stay wrong with the recipe as posted: what lies farthest above zero.

    At least two runs: one may have been lucky.
    """
    if runs < 2:
        return None
    of = {name: np.array(list(metrics.values(before, name).values())) for name in _OF_THE_POSTED}
    targets = [_target(None, name, values, runs) for name, values in of.items()]
    return _surest(target for target in targets if target and target.recorded > 0)


def fix_target(
    fix: Fix, compared: Sequence[tuple[Comparison, np.ndarray]], runs: int
) -> Target | None:
    """The effect of a fix that lies farthest from its noise, of those with the verdict 'helps'."""
    targets = [
        _target(fix, comparison.metric, differences, runs)
        for comparison, differences in compared
        if comparison.verdict == HELPS
    ]
    return _surest(target for target in targets if target)


def _surest(targets: Iterable[Target]) -> Target | None:
    """The one whose recorded number lies farthest from its noise."""
    return max(targets, key=lambda t: t.recorded / (t.recorded - t.limit), default=None)


def plan(case_name: str, names: Sequence[str] = (), most: int = 2) -> list[Plan]:
    """The outcome checks of a case: the posted recipe first, then each fix that helps.

    Nothing is trained.

    Parameters
    ----------
    case_name : str
    names : sequence of str
        Fixes; all of the case that help if none is given.
    most : int
        New runs of a recipe, at the most. Each check takes as few as can tell.

    Raises
    ------
    CourseError
        Nothing is recorded of the posted recipe, or it was recorded on another backend.
    """
    this = case(case_name)
    before = this.recorded(this.measured, committed=True)
    there, here = this.backends()
    if there != here:
        raise CourseError(
            f"The runs of {case_name} were recorded on {there}, and this is {here}: check outcomes "
            f"with KERAS_BACKEND={there}, or mechanisms alone with --no-outcomes."
        )

    def planned(
        name: str,
        claim: str,
        this: Case,
        runs: Experiment,
        target: Callable[[int], Target | None],
        fixes: tuple[str, ...] = (),
    ) -> Plan:
        counts = range(1, max(most, _MOST_RUNS) + 1)
        found = next((t for n in counts if (t := target(n))), None)
        seconds = float(min(sum(run.history["seconds"]) for run in runs))
        if found and found.runs <= most:
            if found.fix:
                claim += f" ({metrics.metric(found.metric).title})"
            again = target(found.runs + 1)
            return Plan(name, claim, this, runs.recipe, found, again, "", fixes, seconds)
        words = f"the effect lies too close to its noise for {most} new run{'s' * (most > 1)}"
        if found:
            words += f"; --runs {found.runs} would do"
        else:
            words += f", and {counts[-1]} would not do"
        return Plan(name, claim, this, runs.recipe, None, None, words, fixes, seconds)

    plans = [
        planned(
            f"{case_name} posted outcome",
            "the posted recipe is still unsteady",
            this,
            before,
            partial(posted_target, before),
        )
    ]
    for each in (f for f in FIXES.values() if case_name in f.cases and f.works):
        if names and each.name not in names:
            continue
        name, claim = f"{case_name} {each.name} outcome", f"{each.title} still helps"
        that, recipe = protocol.changed(case_name, this.profile, this.data, [each])
        if (that.spec, recipe) == (this.spec, this.measured):
            continue  # the recipe as posted has it already
        if that.find(recipe, 0, committed=True) is None:
            plans.append(Plan(name, claim, that, recipe, None, None, "nothing is recorded"))
            continue
        after = that.recorded(recipe, committed=True)
        compared = [
            (
                compare(before, after, metric),
                np.array(list(metrics.differences(before, after, metric).values())),
            )
            for metric in (*_OF_A_FIX, this.score)
        ]
        if any(comparison.verdict == HELPS for comparison, _ in compared):
            target = partial(fix_target, each, compared)
            plans.append(planned(name, claim, that, after, target, (each.name,)))
    return plans


def first_tries(plans: Sequence[Plan], first_seed: int = 0) -> list[tuple[Plan, int]]:
    """The runs that `outcomes` makes if nothing fails, in the order in which it wants them.

    Parameters
    ----------
    plans : sequence of Plan
        Of one case or of several, each beginning with its posted recipe.
    first_seed : int

    Returns
    -------
    list of (Plan, seed)
        Of the posted recipe, for all checks of a case together, its own plan.
    """
    wanted: dict[tuple[str, int], tuple[Plan, int]] = {}
    posted: dict[str, Plan] = {}
    for plan in plans:
        posted.setdefault(plan.case.name, plan)
        for seed in range(first_seed, first_seed + plan.runs):
            for each in (posted[plan.case.name], plan):
                wanted.setdefault((each.name, seed), (each, seed))
    return list(wanted.values())


def trainings(plans: Sequence[Plan]) -> tuple[int, float]:
    """How many runs `outcomes` makes if nothing fails, and their seconds as recorded."""
    wanted = first_tries(plans)
    return len(wanted), sum(plan.seconds for plan, _ in wanted)


def train_here(this: Case, recipe: Recipe, seed: int) -> Run:
    """Train one run in this process, and keep nothing that a later check would go on from.

    A run that another process is making is waited for, and then made once more.
    """
    with this.locked(recipe, seed):
        run = this.train(recipe, seed)
        this.forget(recipe, seed)
    return run


def outcomes(
    plans: Sequence[Plan], first_seed: int = 0, train: Train = train_here
) -> Iterator[Outcome]:
    """Train the posted recipe and its helping fixes anew, and compare with the recordings.

    Parameters
    ----------
    plans : sequence of Plan
        Of one case, as `plan` makes them.
    first_seed : int
        With the seed of a recording, the same machine makes the same run.
    train : function of Case, Recipe and seed
        Makes a run.
    """
    made: dict[int, Run] = {}  # posted runs, each trained once, and only if something needs them

    def new_run(plan: Plan, seed: int) -> Run:
        run = train(plan.case, plan.recipe, seed)
        plan.case.forget(plan.recipe, seed)  # not saved: the next check trains it again
        return run

    def posted(seed: int) -> Run:
        if seed not in made:
            made[seed] = new_run(plans[0], seed)
        return made[seed]

    def tried(plan: Plan, target: Target, seeds: range) -> tuple[bool, str]:
        sides = [[posted(seed) for seed in seeds]]
        if target.fix:
            sides.append([new_run(plan, seed) for seed in seeds])
        diverged = [run for side in sides for run in side if run.diverged]
        if diverged:
            told = (f"seed {run.seed} diverged in epoch {run.diverged}" for run in diverged)
            return False, "; ".join(told)
        of = metrics.metric(target.metric).of
        means = [float(np.mean([of(run) for run in side])) for side in sides]
        # Of the posted recipe its own level, of a fix the mean difference of the pairs.
        measured = means[1] - means[0] if target.fix else means[0]
        return target.holds(measured), _found(target, measured)

    for each in plans:
        if each.target is None or each.again is None:
            yield Outcome(each.name, each.claim, NOT_CHECKED, each.why_not)
            continue
        further = first_seed + each.target.runs
        holds, found = tried(each, each.target, range(first_seed, further))
        if not holds:
            seeds = range(further, further + each.again.runs)
            holds, more = tried(each, each.again, seeds)
            found += f"; once more, from seed {further} on: {more}"
        yield Outcome(each.name, each.claim, PASSED if holds else FAILED, found)


def _target(fix: Fix | None, metric: str, values: np.ndarray, runs: int) -> Target | None:
    """The limit of a prediction interval for the mean of new values; None if it reaches zero."""
    mean = float(values.mean())
    margin = prediction_margin(values, LEVEL, runs, two_sided=False)
    if abs(mean) <= margin:
        return None
    return Target(fix, metric, mean, float(mean - np.sign(mean) * margin), runs)


def _found(target: Target, measured: float) -> str:
    return (
        f"{measured:+.3f} in {target.runs} new run{'s' * (target.runs > 1)}, "
        f"recorded {target.recorded:+.3f}, limit {target.limit:+.3f}"
    ).replace("-", "−")


def write(out: Path, found: Sequence[Outcome], about: dict[str, Any], complete: bool) -> None:
    """Write check.json and junit.xml into `out`.

    Parameters
    ----------
    out : path
    found : sequence of Outcome
    about : dict
        "started" (ISO 8601), "seconds", and more plain values: see check.schema.json.
    complete : bool
        Whether the check came to its end. If not, the status is "interrupted", and the JUnit file
        has an error, so that a check that was killed can pass for nothing.
    """
    status = overall(found) if complete else INTERRUPTED
    checks = [asdict(outcome) for outcome in found]
    record = {"schema": SCHEMA, **about, "status": status, "checks": checks}
    files.save(out / "check.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    cases = [outcome.test_case() for outcome in found]
    if not complete:
        error = "the check still runs, or was stopped before its end"
        cases.append(junit.TestCase("end", INTERRUPTED, message=error))
    xml = junit.xml("check", cases, about["started"], about["seconds"])
    files.save(out / "junit.xml", xml)


def overall(found: Sequence[Outcome]) -> str:
    """ "failed" if a check failed, else "passed"."""
    return FAILED if any(outcome.status == FAILED for outcome in found) else PASSED
