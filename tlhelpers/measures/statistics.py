"""Intervals, tests and corrections: one t-interval, one Holm, one Wilson for the whole project."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

# scipy.stats takes about a second to import: only the functions that need it import it.


@dataclass(frozen=True)
class TTest:
    """Student's t for the mean of some values.

    Attributes
    ----------
    mean : float
    low, high : float
        Interval of the mean.
    p : float
        Two-sided, of a mean of zero.
    """

    mean: float
    low: float
    high: float
    p: float


def t_test(values: ArrayLike, level: float = 0.95) -> TTest:
    """Mean of some values with its interval, and the test of a mean of zero.

    Given the paired differences of two recipes this is the paired t-test.

    Parameters
    ----------
    values : array of shape (n,)
        At least two, finite.
    level : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    TTest
        Values that are all the same have an interval without width, and a p of 0 (of 1 if they
        are 0).

    Notes
    -----
    Source: Student (1908); ``scipy.stats.ttest_1samp``.
    """
    from scipy import stats

    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    # Only a spread of exactly 0 is a special case: scipy would divide by it.
    if values.std(ddof=1) == 0:
        return TTest(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    result = stats.ttest_1samp(values, 0.0)
    interval = result.confidence_interval(level)
    return TTest(mean, float(interval.low), float(interval.high), float(result.pvalue))


def prediction_margin(
    values: ArrayLike, level: float = 0.95, new: int | None = None, two_sided: bool = True
) -> float:
    """How far new runs of an unchanged recipe may lie from what was measured.

    Parameters
    ----------
    values : array of shape (n,)
        One number of each run measured.
    level : float
        Probability of staying within.
    new : int, optional
        The mean of so many new runs against the mean of the measured ones. If not given: two new
        runs against each other.
    two_sided : bool
        Whether the margin holds on both sides, or on one.

    Returns
    -------
    float
        In the unit of the values.

    Notes
    -----
    Source: Student's t prediction interval. The difference of two new normal runs has variance
    2σ²; that of a mean of k new ones and the mean of the n measured ones σ²(1/k + 1/n).
    """
    from scipy import stats

    values = np.asarray(values, dtype=float)
    n = len(values)
    t = stats.t.ppf((1 + level) / 2 if two_sided else level, n - 1)
    variance = 2.0 if new is None else 1 / new + 1 / n
    return float(t * values.std(ddof=1) * math.sqrt(variance))


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
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return 0.0, 1.0
    p, z = successes / n, NormalDist().inv_cdf(0.975)
    middle = p + z**2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + side * half) / (1 + z**2 / n) for side in (-1, 1))
    # At the ends the two terms are equal, and rounding would leave a crumb.
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def clustered_share(hits: Sequence[int], sizes: Sequence[int]) -> tuple[float, float]:
    """95 % interval of a share whose observations come in clusters, whatever ties them together.

    Clopper and Pearson's exact interval, for as many independent observations as there are at
    least: with n_g observations in cluster g, (Σ n_g)² / Σ n_g². That many there are if a cluster
    answers as one; any spread inside the clusters makes them more. Nothing has to be estimated
    from the clusters, which a few of them, or one that outweighs the rest, would not allow: a
    cluster bootstrap of two authors, one with 79 of 80 logs, draws the same author again and again
    and gives an interval without width.

    Parameters
    ----------
    hits, sizes : sequences of int, one a cluster
        Observations that have it, and all of them; 0 <= hits <= sizes, sizes at least 1.

    Returns
    -------
    low, high : float
        Shares from 0 to 1: for further clusters of the same kind. Almost all of 0 to 1 where one
        cluster has nearly all observations: it says of itself, not of others.

    Raises
    ------
    ValueError
        No clusters, other lengths, or hits outside 0 … sizes.

    Notes
    -----
    Source: Clopper & Pearson (1934) with an effective sample size, as Korn & Graubard (1998) do for
    surveys; here with the largest design effect that there can be (correlation 1 inside a cluster;
    Kish 1965), since the variance of a cluster's share p_g is at most p(1 − p).
    """
    from scipy import stats

    if not hits or len(hits) != len(sizes):
        raise ValueError(f"expected a count and a size each, got {len(hits)} and {len(sizes)}")
    if any(not 0 <= k <= n or n < 1 for k, n in zip(hits, sizes, strict=True)):
        raise ValueError(f"expected 0 <= hits <= sizes, got {list(hits)} of {list(sizes)}")
    n = sum(sizes) ** 2 / sum(size**2 for size in sizes)
    k = n * sum(hits) / sum(sizes)
    low = stats.beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return float(low), float(high)


@dataclass(frozen=True)
class NoiseFloor:
    """What the seed alone does to one number of an unchanged recipe.

    Attributes
    ----------
    seeds : int
        Runs measured.
    mean, sd : float
        Over seeds; sd with n − 1. In the unit of the values, as all below.
    smallest, largest : float
        The range seen.
    low, high : float
        t-interval of the mean.
    smallest_difference : float
        Two further single runs of the same recipe differ by less than this with
        probability ``level``. A smaller difference between two single runs of two
        recipes can be explained by their seeds.
    level : float
        Of both intervals, 0.95 unless told otherwise.
    """

    seeds: int
    mean: float
    sd: float
    smallest: float
    largest: float
    low: float
    high: float
    smallest_difference: float
    level: float


def noise_floor(
    values_by_seed: Mapping[int, float] | Sequence[float], level: float = 0.95
) -> NoiseFloor:
    """Measure what seeds alone do, before any fix is judged.

    With n runs, s their standard deviation and t the two-sided quantile of Student's t
    with n − 1 degrees of freedom: the mean lies within mean ± t·s/√n, and the
    difference of two single runs within ± t·s·√2.

    Parameters
    ----------
    values_by_seed : mapping of seed to value, or the values alone
        One number of each run, all of the same recipe on the same data.
    level : float
        Coverage of both intervals, between 0 and 1.

    Returns
    -------
    NoiseFloor

    Raises
    ------
    ValueError
        Fewer than 2 seeds, a level outside 0–1, or a value that is not finite (a
        diverged run may not be left out silently: it is part of what seeds do).

    Notes
    -----
    Source: Student's t and its prediction interval (the difference of two new normal
    runs has variance 2σ², estimated by s²). It assumes roughly normal values; with 3
    seeds t is 4.3 and the floor is wide because it is known badly.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    named = (
        values_by_seed if isinstance(values_by_seed, Mapping) else dict(enumerate(values_by_seed))
    )
    for seed, value in named.items():
        if not math.isfinite(value):
            raise ValueError(
                f"the value of seed {seed} is {value}: a noise floor needs finite values"
            )
    values = np.array(list(named.values()), dtype=float)
    n = len(values)
    if n < 2:
        raise ValueError(f"a noise floor needs the runs of at least 2 seeds, got {n}")
    sd, test = float(values.std(ddof=1)), t_test(values, level)
    return NoiseFloor(
        seeds=n,
        mean=test.mean,
        sd=sd,
        smallest=float(values.min()),
        largest=float(values.max()),
        low=test.low,
        high=test.high,
        smallest_difference=prediction_margin(values, level),
        level=level,
    )
