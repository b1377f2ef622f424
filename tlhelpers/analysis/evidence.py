"""Did the fix help? Paired seeds, intervals and a verdict from a short fixed list.

A comparison pairs the runs of two recipes by seed and looks at one number of each. The
interval is Student's t over the paired differences; a percentile bootstrap of so few
values is too narrow (5 values: about 83 % coverage instead of 95 %). Fewer than five
pairs are described and never judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tlhelpers.analysis import metrics

if TYPE_CHECKING:
    import pandas as pd

# scipy.stats takes about a second to import, pandas nearly as long: both are imported inside
# the functions that need them, so that `import tlhelpers` stays quick.

HELPS = "helps"
HURTS = "hurts"
NOISE = "smaller than the noise"
SAME = "no difference"
DESCRIBED = "described only"
VERDICTS = (HELPS, HURTS, NOISE, SAME, DESCRIBED)
"""Every verdict there is; other code and tests compare with these."""

FEWEST_SEEDS = 5
"""Pairs below which nothing is judged: with 4 or fewer, t is wide and normality a guess."""

SAME_TO = 1e-6
"""Difference below which two values are the same number in float32 sums; relative above 1."""


@dataclass(frozen=True)
class Comparison:
    """One number of two recipes, paired by seed; the JSON of ``tlhelpers evidence --json``.

    Attributes
    ----------
    case, data, profile, design, fix : str
        Where the runs come from, how they were compared and what was changed.
    metric : str
        The number compared; all values below are in its unit.
    better : {"lower", "higher"}
        Which direction is an improvement.
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
    verdict : str
        One of `VERDICTS`.
    """

    case: str
    data: str
    profile: str
    design: str
    fix: str
    metric: str
    better: Literal["lower", "higher"]
    seeds: int
    before: float
    after: float
    effect: float
    low: float | None
    high: float | None
    level: float
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """The fields in order, as plain values that `json.dumps` takes."""
        return asdict(self)


def compare(
    before: Mapping[int, float],
    after: Mapping[int, float],
    *,
    case: str,
    data: str,
    profile: str,
    design: str,
    fix: str,
    metric: str,
    better: Literal["lower", "higher"],
    level: float = 0.95,
) -> Comparison:
    """Compare two recipes over the seeds that both ran.

    With d the n paired differences after − before: effect = mean(d), interval
    effect ± t·sd(d)/√n, t of n − 1 degrees of freedom.

    Parameters
    ----------
    before, after : mapping of seed to value
        The same number of each run. Seeds may be text, as JSON keys are.
    case, data, profile, design, fix, metric : str
        Copied into the result.
    better : {"lower", "higher"}
        Which direction is an improvement.
    level : float
        Coverage of the interval, between 0 and 1. For several fixes at once use
        `p_value` and `holm`.

    Returns
    -------
    Comparison
        Its verdict: fewer than `FEWEST_SEEDS` pairs, "described only", low and high
        None. Every pair equal to float32 rounding (`SAME_TO`), "no difference". Interval
        wholly on the better side, "helps"; wholly on the worse side, "hurts"; otherwise,
        0 itself as an end included, "smaller than the noise". Differences that are all
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
    if better not in ("lower", "higher"):
        raise ValueError(f"better must be 'lower' or 'higher', got {better!r}")
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
    low, high = _t_interval(new - old, level) if len(seeds) >= FEWEST_SEEDS else (None, None)
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
        verdict=_verdict(old, new, low, high, better),
    )


def p_value(comparison: Comparison) -> float | None:
    """Two-sided p-value of the paired t-test behind an interval; input for `holm`.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    float or None
        None where nothing is judged (fewer than `FEWEST_SEEDS` pairs).

    Notes
    -----
    The interval holds all that is needed: its half width is t·se, so
    effect / se = effect · t / half width. At level 0.95 the verdict is "helps" or
    "hurts" exactly when the p-value is below 0.05 ("no difference" apart: 1).
    """
    from scipy import stats

    if comparison.low is None or comparison.high is None:
        return None
    if comparison.verdict == SAME:
        return 1.0
    half = (comparison.high - comparison.low) / 2
    if half == 0:
        return 0.0
    freedom = comparison.seeds - 1
    t = abs(comparison.effect) * stats.t.ppf((1 + comparison.level) / 2, freedom) / half
    return float(2 * stats.t.sf(t, freedom))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: several fixes judged together.

    Sorted upwards, the k-th of m (k = 1 … m) becomes max over j ≤ k of
    min(1, (m − j + 1)·p_j).

    Parameters
    ----------
    p_values : sequence of m floats
        One a test, between 0 and 1.

    Returns
    -------
    list of m floats
        In the order given; below 0.05 means: still there after asking m questions.

    Raises
    ------
    ValueError
        A value outside 0–1 or NaN.

    Notes
    -----
    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
    """
    p = np.asarray(p_values, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must lie between 0 and 1, got {list(p_values)}")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum(1, p[order] * np.arange(len(p), 0, -1)))
    return adjusted.tolist()


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: what 0 right out of 20 can mean.

    With p = successes/n and z the normal quantile::

        (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)

    Parameters
    ----------
    successes, n : int
        Right answers, and images asked about. None asked about: any share is possible.

    Returns
    -------
    low, high : float
        Shares from 0 to 1.

    Raises
    ------
    ValueError
        successes outside 0 … n.

    Notes
    -----
    Source: Wilson (1927); ``scipy.stats.binomtest(...).proportion_ci("wilson")``.
    """
    from scipy import stats

    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return 0.0, 1.0
    interval = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def verdict_sentence(comparison: Comparison, title: str | None = None) -> str:
    """The result in plain words with its numbers, for a page.

    Parameters
    ----------
    comparison : Comparison
    title : str, optional
        How the page calls the fix; its name if left out.

    Returns
    -------
    str
        Such as "Frozen BatchNorm lowered jitter from 0.21 to 0.03: −0.18 (95 % interval
        −0.24 to −0.12, 8 paired seeds). Larger than the noise: it helps." Only a judged
        effect 'lowered' or 'raised' something; otherwise the number 'went'.
    """
    c = comparison
    name = title or c.fix
    name, metric = name[0].upper() + name[1:], metrics.metric(c.metric).title
    before, after, effect = (number(c, value) for value in (c.before, c.after, c.effect))
    pairs = f"{c.seeds} paired seed" + ("" if c.seeds == 1 else "s")
    if c.verdict == SAME:
        return f"{name} left {metric} at {before} in each of {pairs}: no difference."
    if c.verdict == DESCRIBED:
        return (
            f"{name}: {metric} went from {before} to {after}, {effect} ({pairs}). "
            f"Described only: fewer than {FEWEST_SEEDS} pairs are not judged."
        )
    numbers = f"{effect} ({100 * c.level:g} % interval {interval_words(c)}, {pairs})"
    if c.verdict == NOISE:
        return (
            f"{name}: {metric} went from {before} to {after}, {numbers}. "
            "Smaller than the noise: no effect is shown."
        )
    verb = "lowered" if c.effect < 0 else "raised"
    return (
        f"{name} {verb} {metric} from {before} to {after}: {numbers}. "
        f"Larger than the noise: it {c.verdict}."
    )


def verdict_words(comparison: Comparison) -> str:
    """The verdict without its numbers, such as "frozen-batchnorm · jitter: helps".

    Notes
    -----
    nbval compares text exactly and measured digits differ between machines; this is
    what a verdict cell prints for it. Digits in a name ("dense-512") stay: they do not
    depend on the machine.
    """
    return f"{comparison.fix} · {metrics.metric(comparison.metric).title}: {comparison.verdict}"


def effect_words(comparison: Comparison) -> str:
    """The effect and its interval, such as "−0.18 (−0.24 to −0.12)"; for a table.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    str
        The effect alone where there is no interval.
    """
    effect = number(comparison, comparison.effect)
    return effect if comparison.low is None else f"{effect} ({interval_words(comparison)})"


def table(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """A readable table, one row a comparison.

    Parameters
    ----------
    comparisons : iterable of Comparison

    Returns
    -------
    pandas.DataFrame
        Text throughout, rounded row by row as in `verdict_sentence`; for values to
        calculate with use `Comparison.to_dict`.
    """
    import pandas as pd

    named = ("case", "data", "profile", "design", "fix", "metric", "better")
    rows = [
        [
            *(getattr(c, name) for name in named),
            *(number(c, value) for value in (c.before, c.after, c.effect)),
            "–" if c.low is None else f"{interval_words(c)} ({100 * c.level:g} %)",
            str(c.seeds),
            c.verdict,
        ]
        for c in comparisons
    ]
    columns = [*named, "before", "after", "effect", "interval", "seeds", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _by_seed(values: Mapping[int, float], side: str) -> dict[int, float]:
    """Seeds as integers (JSON keys are text), values as finite floats."""
    values = {int(seed): float(value) for seed, value in dict(values).items()}
    for seed, value in values.items():
        if not math.isfinite(value):
            raise ValueError(
                f"'{side}' of seed {seed} is {value}: report the diverged run, do not compare it"
            )
    return values


def _t_interval(differences: np.ndarray, level: float) -> tuple[float, float]:
    """mean ± t·sd/√n of the paired differences."""
    from scipy import stats

    n = len(differences)
    half = stats.t.ppf((1 + level) / 2, n - 1) * differences.std(ddof=1) / math.sqrt(n)
    return float(differences.mean() - half), float(differences.mean() + half)


def _verdict(
    old: np.ndarray, new: np.ndarray, low: float | None, high: float | None, better: str
) -> str:
    """The rules that `compare` documents."""
    if low is None or high is None:
        return DESCRIBED
    if (np.abs(new - old) <= SAME_TO * np.maximum(1, np.maximum(np.abs(old), np.abs(new)))).all():
        return SAME
    if low <= 0 <= high:
        return NOISE
    return HELPS if (high < 0) == (better == "lower") else HURTS


def number(comparison: Comparison, value: float) -> str:
    """A number of a comparison, rounded as all its numbers are, with a real minus sign."""
    text = f"{value:.{_decimals(comparison)}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def interval_words(comparison: Comparison) -> str:
    """The interval of the effect, such as "−0.24 to −0.12"."""
    return f"{number(comparison, comparison.low)} to {number(comparison, comparison.high)}"


def _decimals(comparison: Comparison) -> int:
    """Decimals that show two digits of the effect or of its uncertainty, whichever is larger."""
    c = comparison
    half = 0.0 if c.low is None else (c.high - c.low) / 2
    # Without an effect there is only the level of the values left to show.
    size = (max(abs(c.effect), half) if c.verdict != SAME else 0.0) or abs(c.before)
    if size < 1e-6:  # nothing but rounding
        return 0
    decimals = _first_digit(size) + 1
    if c.verdict in (HELPS, HURTS):
        # An end rounded to 0 would contradict the verdict printed beside it.
        decimals = max(decimals, _first_digit(min(abs(c.low), abs(c.high))))
    return min(max(decimals, 0), 6)


def _first_digit(size: float) -> int:
    """Decimal place of the first digit that is not 0: 2 for 0.03, 0 for 5, −1 for 50."""
    return -math.floor(math.log10(size)) if size > 0 else 1
