"""One fix tried alone: its runs, and what their pairs say, on synthetic images and on real ones."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlhelpers.analysis import metrics, wording
from tlhelpers.analysis.comparisons import Comparison, compare
from tlhelpers.experiment.cases import Case
from tlhelpers.experiment.fixes import Fix
from tlhelpers.training.recipe import Recipe, difference
from tlhelpers.training.run import Experiment


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
        sentences = (wording.verdict_sentence(c, self.fix.title) for c in self.compared)
        return "\n".join(textwrap.fill(s, 92, subsequent_indent="    ") for s in sentences)

    @property
    def verdicts(self) -> str:
        """The verdicts without numbers, a line a metric; nbval can compare these."""
        return "\n".join(wording.verdict_words(c) for c in self.compared)


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
        old, new = (where.recorded(recipe) for where, recipe in _pair_like(trial, real))
        for metric in (c.metric for c in trial.compared):
            found[trial.fix.name, metric] = list(metrics.differences(old, new, metric).values())
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
