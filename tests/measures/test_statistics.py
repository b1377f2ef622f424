"""Intervals, tests and corrections against values worked by hand, and coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlhelpers.measures import statistics


def test_t_test_by_hand():
    # 1 2 3 4 5: mean 3, se √0.5; t(4, 97.5 %) = 2.776445; t = 3/√0.5 = 4.2426, p = 0.01324.
    found = statistics.t_test([1, 2, 3, 4, 5])
    half = 2.776445 * math.sqrt(0.5)
    assert (found.mean, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half), rel=1e-6)
    assert found.p == pytest.approx(0.0132356, rel=1e-4)


def test_t_test_of_values_that_are_all_the_same():
    assert statistics.t_test([0.5] * 5) == statistics.TTest(0.5, 0.5, 0.5, 0.0)
    assert statistics.t_test([0.0] * 5) == statistics.TTest(0.0, 0.0, 0.0, 1.0)


def test_prediction_margin_by_hand():
    # sd 1; t of 2 degrees of freedom at 97.5 % is 4.302653, at 95 % 2.919986.
    assert statistics.prediction_margin([1, 2, 3]) == pytest.approx(4.302653 * math.sqrt(2))
    one = statistics.prediction_margin([1, 2, 3], new=2, two_sided=False)
    assert one == pytest.approx(2.919986 * math.sqrt(1 / 2 + 1 / 3), rel=1e-6)


def _simulated(n, repeats, seed):
    return np.random.default_rng(seed).normal(size=(repeats, n))


@pytest.mark.parametrize("n", [5, 8])
def test_t_interval_covers_95_percent(n):
    repeats = 2000
    # The true effect is 0; normal differences.
    intervals = [statistics.t_test(row) for row in _simulated(n, repeats, seed=n)]
    covered = np.mean([each.low <= 0 <= each.high for each in intervals])
    # Four binomial standard errors.
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / repeats)


def test_percentile_bootstrap_of_five_is_too_narrow():
    """Why nothing here is bootstrapped: 5 values cover about 83 % instead of 95 %."""
    values = _simulated(5, 2000, seed=5)
    resample = np.random.default_rng(6).integers(0, 5, size=(1000, 5))
    means = values[:, resample].mean(axis=2)
    low, high = np.percentile(means, [2.5, 97.5], axis=1)
    assert 0.79 < np.mean((low <= 0) & (high >= 0)) < 0.88


def test_holm_by_hand():
    # Sorted .01 .03 .04, times 3 2 1: .03 .06 .04; never below the one before: .03 .06 .06.
    assert statistics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    # 3 · 0.5 is cut at 1, and so is all that follows.
    assert statistics.holm([0.5, 0.6, 0.7]) == [1.0, 1.0, 1.0]
    assert statistics.holm([0.02]) == [0.02]
    assert statistics.holm([]) == []
    # Ties: 2 · .02 = .04, then max(.04, .02).
    assert statistics.holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])
    for bad in ([0.5, math.nan], [1.5], [-0.1]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            statistics.holm(bad)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.randoms())
def test_holm_properties(p_values, random):
    adjusted = statistics.holm(p_values)
    m = len(p_values)
    assert all(p <= a <= min(1, m * p) + 1e-12 for p, a in zip(p_values, adjusted, strict=True))
    order = list(range(m))
    random.shuffle(order)
    shuffled = statistics.holm([p_values[i] for i in order])
    assert shuffled == [adjusted[i] for i in order]


def test_wilson_by_hand():
    # 0 of 20: (z²/2n ± z²/2n) / (1 + z²/n) = 0 and z²/(n + z²) = 3.8415/23.8415 = 0.16113.
    low, high = statistics.wilson(0, 20)
    assert (low, high) == (0.0, pytest.approx(0.161125, abs=1e-6))
    # 10 of 20: ½ ± z/(2√(n + z²)) = 0.5 ± 1.95996/(2 · 4.88277) = 0.5 ± 0.20070.
    assert statistics.wilson(np.int64(10), 20) == pytest.approx((0.299298, 0.700702), abs=1e-6)
    assert statistics.wilson(0, 0) == (0.0, 1.0)
    for successes, n in [(3, 2), (-1, 4)]:
        with pytest.raises(ValueError, match="successes"):
            statistics.wilson(successes, n)


def test_clustered_share_by_hand():
    # Five clusters of one size count as five observations, however large they are. 0 of 5:
    # 1 - 0.025^(1/5) = 0.5218; 5 of 5 mirrored.
    assert statistics.clustered_share([0] * 5, [7] * 5) == pytest.approx((0, 0.5218), abs=1e-4)
    assert statistics.clustered_share([7] * 5, [7] * 5) == pytest.approx((0.4782, 1), abs=1e-4)
    # Single observations: Clopper and Pearson's 1 of 5.
    found = statistics.clustered_share([1, 0, 0, 0, 0], [1] * 5)
    assert found == pytest.approx((0.0051, 0.7164), abs=1e-4)
    # One cluster is one observation: 1 of 1 begins at 0.025, 0 of 1 ends at 0.975.
    assert statistics.clustered_share([79], [79]) == pytest.approx((0.025, 1))
    assert statistics.clustered_share([0], [79]) == pytest.approx((0, 0.975))


@pytest.mark.parametrize("sizes", [(79, 1), (40, 20, 10, 5, 3, 1, 1), (10,) * 20])
@pytest.mark.parametrize("correlation", [1.0, 0.3])
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_clustered_share_covers_95_percent_whatever_ties_a_cluster(sizes, correlation, p):
    rng = np.random.default_rng(0)
    repeats, covered = 300, 0
    for _ in range(repeats):
        spread = 1 / correlation - 1
        shares = (
            rng.beta(p * spread, (1 - p) * spread, len(sizes))
            if spread
            else rng.random(len(sizes)) < p
        )
        hits = rng.binomial(sizes, shares).tolist()
        low, high = statistics.clustered_share(hits, sizes)
        covered += low <= p <= high
    assert covered / repeats >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / repeats)


def test_wilson_of_logs_of_one_author_would_be_too_narrow():
    """Why `clustered_share` is there: twenty authors who each do one thing, all logs counted."""
    rng = np.random.default_rng(1)
    hits = (rng.random((500, 20)) < 0.5).sum(axis=1) * 10
    intervals = {k: statistics.wilson(k, 200) for k in set(hits.tolist())}
    covered = np.mean([intervals[k][0] <= 0.5 <= intervals[k][1] for k in hits.tolist()])
    assert covered < 0.6


def test_clustered_share_errors():
    with pytest.raises(ValueError, match="got 0 and 0"):
        statistics.clustered_share([], [])
    with pytest.raises(ValueError, match="got 1 and 2"):
        statistics.clustered_share([1], [1, 2])
    with pytest.raises(ValueError, match="0 <= hits <= sizes"):
        statistics.clustered_share([3], [2])


def test_noise_floor_by_hand():
    floor = statistics.noise_floor({0: 1.0, 1: 2.0, 7: 3.0})
    # sd 1; t of 2 degrees of freedom at 97.5 % is 4.302653.
    assert (floor.seeds, floor.mean, floor.sd) == (3, 2.0, 1.0)
    assert (floor.smallest, floor.largest, floor.level) == (1.0, 3.0, 0.95)
    assert floor.smallest_difference == pytest.approx(4.302653 * math.sqrt(2), rel=1e-6)
    assert floor.high - floor.mean == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert floor.mean - floor.low == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert statistics.noise_floor([1.0, 2.0, 3.0]) == floor


def test_noise_floor_holds_for_new_pairs_of_runs():
    """Five runs measured, then two more: their difference stays below the floor 95 % of times."""
    rng = np.random.default_rng(3)
    repeats = 1500
    inside = 0
    for measured, (a, b) in zip(
        rng.normal(size=(repeats, 5)), rng.normal(size=(repeats, 2)), strict=True
    ):
        inside += abs(a - b) < statistics.noise_floor(measured).smallest_difference
    # Four binomial standard errors around 0.95.
    assert abs(inside / repeats - 0.95) < 4 * math.sqrt(0.95 * 0.05 / repeats)


def test_noise_floor_errors():
    with pytest.raises(ValueError, match="seed 7 is nan"):
        statistics.noise_floor({0: 1.0, 7: math.nan})
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        statistics.noise_floor({0: 1.0})
    with pytest.raises(ValueError, match="level"):
        statistics.noise_floor([1.0, 2.0], level=95)
