"""The protocol's questions that recorded runs answer, paired by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tlhelpers.analysis import metrics
from tlhelpers.analysis.comparisons import Comparison, compare
from tlhelpers.experiment import protocol, recordings
from tlhelpers.experiment.cases import CASES, Case
from tlhelpers.experiment.fixes import FIXES
from tlhelpers.experiment.protocol import Question
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Experiment, Run


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
        for question, before, after in answered(name, data, profile, root, tell):
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
    name: str,
    data: str,
    profile: str,
    root: Path,
    tell: Callable[[str], None] | None = None,
) -> list[tuple[Question, Experiment, Experiment]]:
    """The protocol's questions of a case that recordings answer, with the runs before and after.

    Only seeds of the profile count; further ones have another purpose. A question needs a seed that
    ran on both sides; one of its runs may have diverged, see `diverged`. `tell` is told of damaged
    recordings; without it they are an error.
    """
    runs = list(recordings.every(root / f"{name}-{data}-{profile}", tell))
    found = []
    for question in protocol.questions(name, profile):
        sides = [
            protocol.changed(name, profile, data, [FIXES[n] for n in names])
            for names in (question.before, question.after)
        ]
        if len({(this.spec, recipe) for this, recipe in sides}) == 1:
            continue  # the recipe as posted has in this profile what the fix would change
        before, after = (_experiment(*side, runs) for side in sides)
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
