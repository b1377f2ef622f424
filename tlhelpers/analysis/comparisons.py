"""Did the fix help? Paired seeds, intervals and a verdict from a short fixed list.

A comparison pairs the runs of two recipes by seed and looks at one number of each. The
interval is Student's t over the paired differences; a percentile bootstrap of so few
values is too narrow (5 values: about 83 % coverage instead of 95 %). Fewer than five
pairs are described and never judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np

from tlhelpers.analysis import metrics
from tlhelpers.analysis.metrics import Better
from tlhelpers.experiment.fixes import FIXES
from tlhelpers.measures.statistics import t_test
from tlhelpers.training.recipe import difference_text
from tlhelpers.training.run import Experiment, one_start

HELPS = "helps"
HURTS = "hurts"
NOISE = "no clear effect"
SAME = "no difference"
DESCRIBED = "described only"
EFFECTS = (HELPS, HURTS, NOISE, SAME, DESCRIBED)
"""Every verdict of a comparison; other code and tests compare with these."""

FEWEST_SEEDS = 5
"""Pairs below which nothing is judged: with 4 or fewer, t is wide and normality a guess."""

SCHEMA = 1
"""Of what `to_json` gives; `evidence.schema.json` beside this module says what stands in it."""

SAME_TO = 1e-6
"""Difference below which two values are the same number in float32 sums; relative above 1."""


@dataclass(frozen=True)
class Comparison:
    """One number of two recipes, paired by seed; an item of ``tlhelpers evidence --json``.

    Attributes
    ----------
    case, data, profile, design, fix : str
        Where the runs come from, how they were compared and what was changed.
    metric : str
        The number compared; all values below are in its unit.
    better : {"lower", "higher", "neither"}
        Which direction is an improvement; with "neither" nothing helps or hurts.
    seeds : int
        Pairs of runs.
    before, after : float
        Means over the paired seeds.
    effect : float
        Mean of after − before.
    low, high : float or None
        Interval of the effect; None with fewer than `FEWEST_SEEDS` pairs.
    level : float
        Of the interval.
    p : float or None
        Two-sided, of the paired t-test, not corrected for asking several questions; 1 for "no
        difference", None with fewer than `FEWEST_SEEDS` pairs.
    verdict : str
        One of `EFFECTS`.
    """

    case: str
    data: str
    profile: str
    design: str
    fix: str
    metric: str
    better: Better
    seeds: int
    before: float
    after: float
    effect: float
    low: float | None
    high: float | None
    level: float
    p: float | None
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """The fields in order, as plain values that `json.dumps` takes."""
        return asdict(self)


def to_json(comparisons: Iterable[Comparison]) -> dict[str, Any]:
    """What ``tlhelpers evidence --json`` prints, after ``evidence.schema.json``."""
    return {"schema": SCHEMA, "comparisons": [one.to_dict() for one in comparisons]}


def compare_values(
    before: Mapping[int, float],
    after: Mapping[int, float],
    *,
    case: str,
    data: str,
    profile: str,
    design: str,
    fix: str,
    metric: str,
    better: Better,
    level: float = 0.95,
) -> Comparison:
    """Compare one number of two recipes over the seeds that both ran.

    With d the n paired differences after − before: effect = mean(d), interval
    effect ± t·sd(d)/√n, t of n − 1 degrees of freedom.

    Parameters
    ----------
    before, after : mapping of seed to value
        The same number of each run. Seeds may be text, as JSON keys are.
    case, data, profile, design, fix, metric : str
        Copied into the result.
    better : {"lower", "higher", "neither"}
        Which direction is an improvement.
    level : float
        Coverage of the interval, between 0 and 1. For several fixes at once correct `p`
        with `tlhelpers.measures.statistics.holm`.

    Returns
    -------
    Comparison
        Its verdict: fewer than `FEWEST_SEEDS` pairs, "described only", low and high
        None. Every pair equal to float32 rounding (`SAME_TO`), "no difference". Interval
        wholly on the better side, "helps"; wholly on the worse side, "hurts"; otherwise,
        0 itself as an end included, "no clear effect"; where neither side is better,
        "described only" in place of the first two. Differences that are all
        the same but not 0 give an interval without width, judged by its sign: coarse
        metrics (a recall over few images) do that, read such an interval as too
        narrow.

    Raises
    ------
    ValueError
        No seed on both sides, an unknown ``better``, a level outside 0–1, or a value
        that is not finite on either side, paired or not: a diverged run must be
        reported, not dropped.

    Notes
    -----
    Source: paired t-interval, Student (1908); pairing by seed, Bouthillier et al.
    (2021, "Accounting for variance in machine learning benchmarks").
    """
    if better not in get_args(Better):
        raise ValueError(f"better must be one of {', '.join(get_args(Better))}, got {better!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    before, after = _by_seed(before, "before"), _by_seed(after, "after")
    seeds = sorted(before.keys() & after.keys())
    if not seeds:
        raise ValueError(
            f"no seed ran on both sides: before {sorted(before)}, after {sorted(after)}"
        )
    old = np.array([before[seed] for seed in seeds])
    new = np.array([after[seed] for seed in seeds])
    test = t_test(new - old, level) if len(seeds) >= FEWEST_SEEDS else None
    low, high = (test.low, test.high) if test else (None, None)
    verdict = _verdict(old, new, low, high, better)
    return Comparison(
        case=case,
        data=data,
        profile=profile,
        design=design,
        fix=fix,
        metric=metric,
        better=better,
        seeds=len(seeds),
        before=float(old.mean()),
        after=float(new.mean()),
        effect=float((new - old).mean()),
        low=low,
        high=high,
        level=level,
        p=None if test is None else 1.0 if verdict == SAME else test.p,
        verdict=verdict,
    )


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
        Effect, interval and verdict, in the metric's unit; see `compare_values`.

    Raises
    ------
    CourseError
        An unknown metric, a run that diverged, or runs of one recipe's pre-training that start from
        different weights.
    ValueError
        The two were scored on different images, have no seed in common or other numbers of epochs,
        or are the same.
    """
    about = before[0].about
    if not np.array_equal(before[0].labels, after[0].labels):
        raise ValueError(
            f"scored on different images: {about['spec']} and {after[0].about['spec']}"
        )
    if before.recipe.pretrained_on == after.recipe.pretrained_on:
        one_start([*before, *after])
    values = metrics.values(before, metric), metrics.values(after, metric)
    epochs = sorted({run.epochs for run in (*before, *after)})
    if len(epochs) > 1:
        raise ValueError(
            f"runs of {' and '.join(map(str, epochs))} epochs: a longer one has more time to learn "
            "and to jump, so train both for equally many"
        )
    if before.recipe == after.recipe and about["spec"] == after[0].about["spec"]:
        raise ValueError("the same recipe on the same images: there is nothing to compare")
    return compare_values(
        *values,
        case=about["case"],
        data=about["data"],
        profile=about["profile"],
        design=design,
        fix=_name(before, after),
        metric=metric,
        better=metrics.metric(metric).better,
    )


def _by_seed(values: Mapping[int, float], side: str) -> dict[int, float]:
    """Seeds as integers (JSON keys are text), values as finite floats."""
    values = {int(seed): float(value) for seed, value in dict(values).items()}
    for seed, value in values.items():
        if not math.isfinite(value):
            raise ValueError(
                f"'{side}' of seed {seed} is {value}: report the diverged run, do not compare it"
            )
    return values


def _verdict(
    old: np.ndarray, new: np.ndarray, low: float | None, high: float | None, better: str
) -> str:
    """The rules that `compare_values` documents."""
    if low is None or high is None:
        return DESCRIBED
    if (np.abs(new - old) <= SAME_TO * np.maximum(1, np.maximum(np.abs(old), np.abs(new)))).all():
        return SAME
    if low <= 0 <= high:
        return NOISE
    if better == "neither":
        return DESCRIBED
    return HELPS if (high < 0) == (better == "lower") else HURTS


def _name(before: Experiment, after: Experiment) -> str:
    """The fix that leads from one experiment to the other, or what differs."""
    about = after[0].about
    where = about["case"], about["profile"], about["data"]
    for fix in (f for f in FIXES.values() if where[0] in f.cases):
        spec = fix.case(*where).spec if fix.images else before[0].about["spec"]
        if (fix.apply(before.recipe), spec) == (after.recipe, about["spec"]):
            return fix.name
    return difference_text(before.recipe, after.recipe).replace("\n", "; ")
