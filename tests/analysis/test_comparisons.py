"""Two recipes compared by seed: effects, intervals and verdicts against values worked by hand."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tlhelpers.analysis import comparisons
from tlhelpers.measures import statistics

NAMES = {
    "case": "ferplus",
    "data": "synthetic",
    "profile": "quick",
    "design": "one change",
    "fix": "frozen-batchnorm",
    "metric": "jitter",
    "better": "lower",
}
FIELDS = [
    *("case", "data", "profile", "design", "fix", "metric", "better"),
    *("seeds", "before", "after", "effect", "low", "high", "level", "p", "verdict"),
]


def compare(differences, start=0.0, **changes):
    """Seeds 0, 1, …: before is `start`, after is `start` + difference."""
    before = {seed: start for seed in range(len(differences))}
    after = {seed: start + d for seed, d in enumerate(differences)}
    return comparisons.compare_values(before, after, **{**NAMES, **changes})


# --- compare --------------------------------------------------------------------------


def test_compare_by_hand():
    # d = 1 2 3 4 5: mean 3, sd √2.5, se √2.5/√5 = √0.5; t(4, 97.5 %) = 2.776445.
    c = compare([1, 2, 3, 4, 5], start=10.0, better="higher")
    half = 2.776445 * math.sqrt(0.5)
    assert (c.seeds, c.before, c.after, c.effect, c.level) == (5, 10.0, 13.0, 3.0, 0.95)
    assert c.low == pytest.approx(3 - half, rel=1e-6)
    assert c.high == pytest.approx(3 + half, rel=1e-6)
    assert c.verdict == "helps"


@pytest.mark.parametrize(
    ("differences", "better", "verdict"),
    [
        ([-1, -2, -3, -4, -5], "lower", "helps"),
        ([-1, -2, -3, -4, -5], "higher", "hurts"),
        ([1, 2, 3, 4, 5], "lower", "hurts"),
        ([1, 2, 3, 4, 5], "higher", "helps"),
        ([-2, -1, 0, 1, 3], "lower", "no clear effect"),
        # All the same but not 0: no width, judged by the sign.
        ([-0.5] * 5, "lower", "helps"),
        ([1, 2, 3, 4, 5], "neither", "described only"),
        ([-2, -1, 0, 1, 3], "neither", "no clear effect"),
        ([0.0] * 5, "lower", "no difference"),
        ([0.0] * 5, "higher", "no difference"),
        ([0.0] * 4, "lower", "described only"),
        ([-1, -2, -3, -4], "lower", "described only"),
        ([-1], "lower", "described only"),
    ],
)
def test_verdicts(differences, better, verdict):
    assert compare(differences, start=8.0, better=better).verdict == verdict
    assert verdict in comparisons.EFFECTS


def test_zero_difference_has_the_interval_zero():
    c = compare([0.0] * 6, start=0.3)
    assert (c.effect, c.low, c.high) == (0.0, 0.0, 0.0)


def test_float32_rounding_is_no_difference():
    """1e-7 of the value is the last bit of float32, even where it always has the same sign."""
    tiny = compare([1e-7, 1.1e-7, 0.9e-7, 1e-7, 1e-7], start=1.0)
    assert tiny.low > 0 and tiny.verdict == "no difference"
    assert compare([1e-5, 1.1e-5, 0.9e-5, 1e-5, 1e-5], start=1.0).verdict == "hurts"
    # A train/inference gap of 0 by construction differs by rounding: our numbers have the size of
    # 1.
    assert compare([1e-7, 1.1e-7, 0.9e-7, 1e-7, 1e-7], start=0.0).verdict == "no difference"
    assert compare([1e-3, 1.1e-3, 0.9e-3, 1e-3, 1e-3], start=0.0).verdict == "hurts"


def test_an_interval_that_ends_at_zero_is_noise(monkeypatch):
    at_zero = statistics.TTest(mean=1.0, low=0.0, high=2.0, p=0.05)
    monkeypatch.setattr(comparisons, "t_test", lambda differences, level: at_zero)
    assert compare([1, 1, 1, 1, 1]).verdict == "no clear effect"


def test_fewer_than_five_pairs_have_an_effect_and_no_interval():
    c = compare([-1, -2, -3, -4], start=8.0)
    assert (c.seeds, c.effect, c.low, c.high) == (4, -2.5, None, None)
    one = compare([-0.5], start=1.0)
    assert (one.seeds, one.before, one.after, one.effect) == (1, 1.0, 0.5, -0.5)


def test_pairs_by_seed_not_by_order():
    before = {"3": 3.0, "1": 1.0, "9": 100.0}  # text, as JSON has it
    after = {1: 1.5, 3: 3.5, 4: -100.0}
    c = comparisons.compare_values(before, after, **NAMES)
    # Seeds 1 and 3 only: means 2.0 and 2.5.
    assert (c.seeds, c.before, c.after, c.effect) == (2, 2.0, 2.5, 0.5)


def test_compare_errors():
    with pytest.raises(ValueError, match=r"no seed ran on both sides.*\[0\].*\[1\]"):
        comparisons.compare_values({0: 1.0}, {1: 1.0}, **NAMES)
    with pytest.raises(ValueError, match="'after' of seed 3 is nan"):
        comparisons.compare_values({0: 1.0}, {0: 1.0, 3: math.nan}, **NAMES)
    with pytest.raises(ValueError, match="'before' of seed 0 is inf"):
        comparisons.compare_values({0: math.inf}, {0: 1.0}, **NAMES)
    with pytest.raises(ValueError, match="better"):
        compare([1.0], better="smaller")
    with pytest.raises(ValueError, match="level"):
        compare([1.0], level=95)


def test_json_has_exactly_the_promised_fields():
    for c in (compare([-1, -2, -3, -4, -5]), compare([1.0])):
        assert list(c.to_dict()) == FIELDS
        assert json.loads(json.dumps(c.to_dict(), allow_nan=False)) == c.to_dict()
        assert comparisons.Comparison(**c.to_dict()) == c


DIFFERENCES = st.lists(st.integers(-1000, 1000).map(lambda k: k / 100), min_size=5, max_size=12)


@given(DIFFERENCES)
def test_turning_the_sign_turns_the_verdict(differences):
    c = compare(differences, start=20.0)
    mirrored = compare([-d for d in differences], start=20.0)
    turned = {"helps": "hurts", "hurts": "helps"}
    assert mirrored.verdict == turned.get(c.verdict, c.verdict)
    assert c.low <= c.effect <= c.high
    assert c.verdict in comparisons.EFFECTS


@given(DIFFERENCES)
def test_p_value_is_that_of_the_paired_t_test(differences):
    c = compare(differences, start=20.0, level=0.9)
    p = c.p
    if np.std(differences) > 1e-6:
        expected = stats.ttest_1samp(differences, 0).pvalue
        assert p == pytest.approx(expected, rel=1e-6, abs=1e-12)
        # The verdict at a level of 90 % and p < 0.1 say the same (but for rounding at the edge).
        if abs(p - 0.1) > 1e-9:
            assert (p < 0.1) == (c.verdict in ("helps", "hurts"))


def test_p_value_of_the_special_cases():
    assert compare([1.0, 2.0]).p is None
    assert compare([0.0] * 5).p == 1.0
    assert compare([0.5] * 5).p == 0.0
