"""Every recorded fix against the recipe as posted, paired by seed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tlhelpers.analysis import evidence, metrics
from tlhelpers.analysis.evidence import Comparison
from tlhelpers.experiment import protocol, recordings
from tlhelpers.experiment.cases import CASES, Case
from tlhelpers.experiment.fixes import FIXES, Fix
from tlhelpers.experiment.protocol import Question
from tlhelpers.training.recipe import Recipe, difference, difference_text
from tlhelpers.training.run import Experiment, Run


def compare(
    before: Experiment, after: Experiment, metric: str = "jitter", design: str = "single"
) -> Comparison:
    """Two recipes, or two training sets, scored on the same images; paired by seed.

    Parameters
    ----------
    before, after : Experiment
    metric : str
        Name in ``tlhelpers.analysis.metrics.METRICS``.
    design : str
        One of `protocol.Question`'s, or "behind": added to another recipe than the posted one.

    Returns
    -------
    Comparison
        Effect, interval and verdict, in the metric's unit; see `evidence.compare`.

    Raises
    ------
    CourseError
        An unknown metric, or a run that diverged.
    ValueError
        The two were scored on different images, or have no seed in common.
    """
    about = before[0].about
    if not np.array_equal(before[0].labels, after[0].labels):
        raise ValueError(
            f"scored on different images: {about['spec']} and {after[0].about['spec']}"
        )
    return evidence.compare(
        metrics.values(before, metric),
        metrics.values(after, metric),
        case=about["case"],
        data=about["data"],
        profile=about["profile"],
        design=design,
        fix=_name(before, after),
        metric=metric,
        better=metrics.metric(metric).better,
    )


@dataclass(frozen=True, eq=False)
class Trial:
    """One fix tried alone: its runs, and what the pairs say.

    Attributes
    ----------
    case : Case
    fix : Fix
    before, after : Experiment
    compared : tuple of Comparison
        One a metric.
    """

    case: Case
    fix: Fix
    before: Experiment
    after: Experiment
    compared: tuple[Comparison, ...]

    @property
    def sentences(self) -> str:
        """Results with their numbers, a paragraph a metric, as wide as a page shows."""
        sentences = (evidence.verdict_sentence(c, self.fix.title) for c in self.compared)
        return "\n".join(textwrap.fill(s, 92, subsequent_indent="    ") for s in sentences)

    @property
    def verdicts(self) -> str:
        """The verdicts without numbers, a line a metric; nbval can compare these."""
        return "\n".join(evidence.verdict_words(c) for c in self.compared)


def trial(
    this: Case,
    before: Experiment,
    fix: Fix,
    asked: Sequence[str],
    seeds: int | None = None,
    live: bool = False,
) -> Trial:
    """One fix added to a recipe, and nothing else changed.

    Parameters
    ----------
    this : Case
    before : Experiment
        Runs of the recipe without the fix, mostly ``this.measured``.
    fix : Fix
    asked : sequence of str
        Names of metrics.
    seeds : int, optional
        Seeds 0 to seeds - 1; the profile's number if not given.
    live : bool
        Train even what is recorded.

    Returns
    -------
    Trial

    Raises
    ------
    CourseError
        An unknown metric, a run that diverged, or images that are not there to train on.
    """
    that = fix.case(this.name, this.profile, this.data) if fix.images else this
    after = that.run(fix.apply(before.recipe), seeds, live, label=fix.name)
    design = "single" if before.recipe == this.measured else "behind"
    compared = tuple(compare(before, after, metric, design) for metric in asked)
    return Trial(this, fix, before, after, compared)


def beside_real(trials: Iterable[Trial], real: Case) -> str:
    """Effects on drawn images, and beside each the pairs recorded on real ones.

    Real images have too few seeds to judge, so each pair's difference is given.

    Parameters
    ----------
    trials : iterable of Trial
        All with the same metrics, on drawn images.
    real : Case
        The same case with real images.

    Returns
    -------
    str
        A block of lines a metric, a line a trial.

    Raises
    ------
    CourseError
        Something is not recorded on real images; `on_both` leaves that out.
    """
    trials = list(trials)
    pairs = real_pairs(trials, real)
    width = max(len(trial.fix.title) for trial in trials)
    lines = []
    for i, metric in enumerate(c.metric for c in trials[0].compared):
        lines.append(f"{'change of ' + metric:{width + 2}}   drawn   real, seed by seed")
        for trial in trials:
            each = "  ".join(f"{value:+.3f}" for value in pairs[trial.fix.name, metric])
            effect = trial.compared[i].effect
            lines.append(f"  {trial.fix.title:{width}}  {effect:+.3f}   {each}")
    return "\n".join(lines)


def real_pairs(trials: Iterable[Trial], real: Case) -> dict[tuple[str, str], list[float]]:
    """What each fix changed in each pair that is recorded on real images.

    Parameters
    ----------
    trials : iterable of Trial
        On drawn images.
    real : Case
        The same case with real images.

    Returns
    -------
    dict
        From a fix's name and a metric to the differences, seed by seed.
    """
    found = {}
    for trial in trials:
        pair = [where.recorded(recipe) for where, recipe in _pair_like(trial, real)]
        for metric in (c.metric for c in trial.compared):
            found[trial.fix.name, metric] = list(metrics.differences(*pair, metric).values())
    return found


def on_both(trials: Iterable[Trial], real: Case) -> list[Trial]:
    """Those of the trials that are recorded on the other images as well.

    Parameters
    ----------
    trials : iterable of Trial
        On drawn images.
    real : Case
        The same case with real images.

    Returns
    -------
    list of Trial
    """
    return [
        trial
        for trial in trials
        if all(where.find(recipe, 0) for where, recipe in _pair_like(trial, real))
    ]


def _pair_like(trial: Trial, real: Case) -> list[tuple[Case, Recipe]]:
    """The images and the recipes that change those of the other case as a trial does."""
    changed = trial.fix.case(real.name, real.profile, real.data) if trial.fix.images else real
    return [
        (where, _recipe_like(trial.case, runs.recipe, real))
        for where, runs in ((real, trial.before), (changed, trial.after))
    ]


def _recipe_like(this: Case, recipe: Recipe, real: Case) -> Recipe:
    """The other case's recipe, changed as `recipe` changes this case's."""
    changed = difference(this.measured, recipe)
    return real.measured.but(**{name: new for name, (_, new) in changed.items()})


def recorded(root: Path, tell: Callable[[str], None]) -> list[Comparison]:
    """One comparison for each question of the protocol that runs answer, and each metric.

    Parameters
    ----------
    root : path
        Folder of recordings.
    tell : function of a line
        Told of each question that has runs but no comparison, because one of them diverged.

    Returns
    -------
    list of Comparison
    """
    found = []
    for folder in sorted(root.glob("*-*-*")):
        name, data, profile = folder.name.split("-", 2)  # a profile may have hyphens
        if name not in CASES:
            continue
        for question, before, after in answered(name, data, profile, root):
            if run := diverged(question, before, after):
                where = f"{question.fix} ({question.design}) in {folder.name}"
                tell(f"{where} is not compared: {run} diverged, its loss was no longer a number.")
                continue
            found += [
                replace(compare(before, after, metric, question.design), fix=question.fix)
                for metric, its in metrics.METRICS.items()
                if its.column in before[0].history
            ]
    return found


def answered(
    name: str, data: str, profile: str, root: Path
) -> list[tuple[Question, Experiment, Experiment]]:
    """The protocol's questions of a case that recordings answer, with the runs before and after.

    Only seeds of the profile count; further ones have another purpose. A question needs a seed that
    ran on both sides; one of its runs may have diverged, see `diverged`.
    """
    runs = list(recordings.every(root / f"{name}-{data}-{profile}"))
    found = []
    for question in protocol.questions(name):
        before, after = (
            _experiment(*protocol.changed(name, profile, data, [FIXES[n] for n in names]), runs)
            for names in (question.before, question.after)
        )
        if before and after and set(before.seeds) & set(after.seeds):
            found.append((question, before, after))
    return found


def diverged(question: Question, before: Experiment, after: Experiment) -> str | None:
    """The first run of a question that diverged, such as "seed 3 of clipnorm in epoch 2"; or None.

    It is not left out of the pairs: what is left would look better than the fix is.
    """
    for names, runs in ((question.before, before), (question.after, after)):
        for run in runs:
            if run.diverged:
                return f"seed {run.seed} of {protocol.joined(names)} in epoch {run.diverged}"
    return None


def _experiment(this: Case, recipe: Recipe, runs: list[Run]) -> Experiment | None:
    found = [r for r in runs if r.recipe == recipe and r.about["spec"] == this.spec]
    found = sorted((run for run in found if run.seed < this.seeds), key=lambda run: run.seed)
    return Experiment(recipe, tuple(found)) if found else None


def _name(before: Experiment, after: Experiment) -> str:
    """The fix that leads from one experiment to the other, or what differs."""
    about = after[0].about
    where = about["case"], about["profile"], about["data"]
    for fix in (f for f in FIXES.values() if where[0] in f.cases):
        spec = fix.case(*where).spec if fix.images else before[0].about["spec"]
        if (fix.apply(before.recipe), spec) == (after.recipe, about["spec"]):
            return fix.name
    return difference_text(before.recipe, after.recipe).replace("\n", "; ")
