"""Every recorded fix against the recipe as posted, paired by seed."""

from __future__ import annotations

from pathlib import Path

from tlhelpers import evidence, metrics, recordings
from tlhelpers.cases import CASES, case
from tlhelpers.evidence import Comparison
from tlhelpers.fixes import FIXES
from tlhelpers.recipe import difference_text
from tlhelpers.run import Experiment


def compare(
    before: Experiment, after: Experiment, metric: str = "jitter", design: str = "alone"
) -> Comparison:
    """Two recipes on the same pictures, paired by seed.

    Parameters
    ----------
    before, after : Experiment
    metric : str
        Name in ``tlhelpers.metrics.METRICS``.
    design : str
        "alone", "removed" or "ladder".
    """
    about = before[0].about
    if after[0].about["spec"] != about["spec"]:
        raise ValueError(
            f"runs on different pictures: {about['spec']} and {after[0].about['spec']}"
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


def recorded(root: Path) -> list[Comparison]:
    """One comparison for each recorded fix and metric, in the catalogue's order."""
    groups: dict[tuple, list] = {}
    for run in recordings.every(root):
        about = run.about
        where = (about["case"], about["data"], about["profile"])
        groups.setdefault(where, []).append(run)
    found = []
    for (name, data, profile), runs in sorted(groups.items()):
        if name not in CASES:
            continue
        this = case(name, profile, data)
        before = _experiment(this, this.measured, runs)
        for fix in (f for f in FIXES.values() if name in f.cases):
            after = _experiment(this, fix.apply(this.measured), runs)
            if before and after:
                found += [
                    compare(before, after, metric)
                    for metric, its in metrics.METRICS.items()
                    if its.column in before[0].history
                ]
    return found


def _experiment(this, recipe, runs) -> Experiment | None:
    found = [r for r in runs if r.recipe == recipe and r.about["spec"] == this.spec]
    found.sort(key=lambda run: run.seed)
    return Experiment(recipe, tuple(found)) if found else None


def _name(before: Experiment, after: Experiment) -> str:
    """The fix that leads from one recipe to the other, or what differs."""
    for fix in FIXES.values():
        if fix.apply(before.recipe) == after.recipe:
            return fix.name
    return difference_text(before.recipe, after.recipe).replace("\n", "; ")
