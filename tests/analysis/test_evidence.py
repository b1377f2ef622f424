"""Intervals, verdicts and their words against values worked by hand, and coverage."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tlhelpers.analysis import evidence

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
    *("seeds", "before", "after", "effect", "low", "high", "level", "verdict"),
]


def compare(differences, start=0.0, **changes):
    """Seeds 0, 1, …: before is `start`, after is `start` + difference."""
    before = {seed: start for seed in range(len(differences))}
    after = {seed: start + d for seed, d in enumerate(differences)}
    return evidence.compare(before, after, **{**NAMES, **changes})


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
        ([-2, -1, 0, 1, 3], "lower", "smaller than the noise"),
        # All the same but not 0: no width, judged by the sign.
        ([-0.5] * 5, "lower", "helps"),
        ([0.0] * 5, "lower", "no difference"),
        ([0.0] * 5, "higher", "no difference"),
        ([0.0] * 4, "lower", "described only"),
        ([-1, -2, -3, -4], "lower", "described only"),
        ([-1], "lower", "described only"),
    ],
)
def test_verdicts(differences, better, verdict):
    assert compare(differences, start=8.0, better=better).verdict == verdict
    assert verdict in evidence.VERDICTS


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
    monkeypatch.setattr(evidence, "_t_interval", lambda differences, level: (0.0, 2.0))
    assert compare([1, 1, 1, 1, 1]).verdict == "smaller than the noise"


def test_fewer_than_five_pairs_have_an_effect_and_no_interval():
    c = compare([-1, -2, -3, -4], start=8.0)
    assert (c.seeds, c.effect, c.low, c.high) == (4, -2.5, None, None)
    one = compare([-0.5], start=1.0)
    assert (one.seeds, one.before, one.after, one.effect) == (1, 1.0, 0.5, -0.5)


def test_pairs_by_seed_not_by_order():
    before = {"3": 3.0, "1": 1.0, "9": 100.0}  # text, as JSON has it
    after = {1: 1.5, 3: 3.5, 4: -100.0}
    c = evidence.compare(before, after, **NAMES)
    # Seeds 1 and 3 only: means 2.0 and 2.5.
    assert (c.seeds, c.before, c.after, c.effect) == (2, 2.0, 2.5, 0.5)


def test_compare_errors():
    with pytest.raises(ValueError, match=r"no seed ran on both sides.*\[0\].*\[1\]"):
        evidence.compare({0: 1.0}, {1: 1.0}, **NAMES)
    with pytest.raises(ValueError, match="'after' of seed 3 is nan"):
        evidence.compare({0: 1.0}, {0: 1.0, 3: math.nan}, **NAMES)
    with pytest.raises(ValueError, match="'before' of seed 0 is inf"):
        evidence.compare({0: math.inf}, {0: 1.0}, **NAMES)
    with pytest.raises(ValueError, match="better"):
        compare([1.0], better="smaller")
    with pytest.raises(ValueError, match="level"):
        compare([1.0], level=95)


def test_json_has_exactly_the_promised_fields():
    for c in (compare([-1, -2, -3, -4, -5]), compare([1.0])):
        assert list(c.to_dict()) == FIELDS
        assert json.loads(json.dumps(c.to_dict(), allow_nan=False)) == c.to_dict()
        assert evidence.Comparison(**c.to_dict()) == c


DIFFERENCES = st.lists(st.integers(-1000, 1000).map(lambda k: k / 100), min_size=5, max_size=12)


@given(DIFFERENCES)
def test_turning_the_sign_turns_the_verdict(differences):
    c = compare(differences, start=20.0)
    mirrored = compare([-d for d in differences], start=20.0)
    turned = {"helps": "hurts", "hurts": "helps"}
    assert mirrored.verdict == turned.get(c.verdict, c.verdict)
    assert c.low <= c.effect <= c.high
    assert c.verdict in evidence.VERDICTS


@given(DIFFERENCES)
def test_p_value_is_that_of_the_paired_t_test(differences):
    c = compare(differences, start=20.0, level=0.9)
    p = evidence.p_value(c)
    if np.std(differences) > 1e-6:
        expected = stats.ttest_1samp(differences, 0).pvalue
        assert p == pytest.approx(expected, rel=1e-6, abs=1e-12)
        # The verdict at a level of 90 % and p < 0.1 say the same (but for rounding at the edge).
        if abs(p - 0.1) > 1e-9:
            assert (p < 0.1) == (c.verdict in ("helps", "hurts"))


def test_p_value_of_the_special_cases():
    assert evidence.p_value(compare([1.0, 2.0])) is None
    assert evidence.p_value(compare([0.0] * 5)) == 1.0
    assert evidence.p_value(compare([0.5] * 5)) == 0.0


def _simulated(n, repeats, seed):
    return np.random.default_rng(seed).normal(size=(repeats, n))


@pytest.mark.parametrize("n", [5, 8])
def test_t_interval_covers_95_percent(n):
    repeats = 2000
    # The true effect is 0; normal differences.
    intervals = [evidence._t_interval(row, 0.95) for row in _simulated(n, repeats, seed=n)]
    covered = np.mean([low <= 0 <= high for low, high in intervals])
    # Four binomial standard errors.
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / repeats)


def test_percentile_bootstrap_of_five_is_too_narrow():
    """Why `compare` does not bootstrap: 5 values cover about 83 % instead of 95 %."""
    values = _simulated(5, 2000, seed=5)
    resample = np.random.default_rng(6).integers(0, 5, size=(1000, 5))
    means = values[:, resample].mean(axis=2)
    low, high = np.percentile(means, [2.5, 97.5], axis=1)
    assert 0.79 < np.mean((low <= 0) & (high >= 0)) < 0.88


# --- Holm and Wilson ------------------------------------------------------------------


def test_holm_by_hand():
    # Sorted .01 .03 .04, times 3 2 1: .03 .06 .04; never below the one before: .03 .06 .06.
    assert evidence.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    # 3 · 0.5 is cut at 1, and so is all that follows.
    assert evidence.holm([0.5, 0.6, 0.7]) == [1.0, 1.0, 1.0]
    assert evidence.holm([0.02]) == [0.02]
    assert evidence.holm([]) == []
    # Ties: 2 · .02 = .04, then max(.04, .02).
    assert evidence.holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])
    for bad in ([0.5, math.nan], [1.5], [-0.1]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            evidence.holm(bad)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.randoms())
def test_holm_properties(p_values, random):
    adjusted = evidence.holm(p_values)
    m = len(p_values)
    assert all(p <= a <= min(1, m * p) + 1e-12 for p, a in zip(p_values, adjusted, strict=True))
    order = list(range(m))
    random.shuffle(order)
    shuffled = evidence.holm([p_values[i] for i in order])
    assert shuffled == [adjusted[i] for i in order]


def test_wilson_by_hand():
    # 0 of 20: (z²/2n ± z²/2n) / (1 + z²/n) = 0 and z²/(n + z²) = 3.8415/23.8415 = 0.16113.
    low, high = evidence.wilson(0, 20)
    assert (low, high) == (0.0, pytest.approx(0.161125, abs=1e-6))
    # 10 of 20: ½ ± z/(2√(n + z²)) = 0.5 ± 1.95996/(2 · 4.88277) = 0.5 ± 0.20070.
    assert evidence.wilson(np.int64(10), 20) == pytest.approx((0.299298, 0.700702), abs=1e-6)
    assert evidence.wilson(0, 0) == (0.0, 1.0)
    for successes, n in [(3, 2), (-1, 4)]:
        with pytest.raises(ValueError, match="successes"):
            evidence.wilson(successes, n)


# --- words ----------------------------------------------------------------------------


def _fixed(**changes):
    """A comparison with round numbers, not computed from any."""
    numbers = {"seeds": 8, "before": 0.21, "after": 0.03, "effect": -0.18}
    judged = {"low": -0.24, "high": -0.12, "level": 0.95, "verdict": "helps"}
    return evidence.Comparison(**{**NAMES, **numbers, **judged, **changes})


def test_sentence_of_each_verdict():
    assert evidence.verdict_sentence(_fixed(), "Frozen BatchNorm") == (
        "Frozen BatchNorm lowered jitter from 0.21 to 0.03: −0.18 "
        "(95 % interval −0.24 to −0.12, 8 paired seeds). Larger than the noise: it helps."
    )
    hurts = _fixed(after=0.39, effect=0.18, low=0.12, high=0.24, verdict="hurts")
    assert evidence.verdict_sentence(hurts) == (
        "Frozen-batchnorm raised jitter from 0.21 to 0.39: 0.18 "
        "(95 % interval 0.12 to 0.24, 8 paired seeds). Larger than the noise: it hurts."
    )
    noise = _fixed(after=0.2, effect=-0.01, low=-0.11, high=0.09, verdict="smaller than the noise")
    assert evidence.verdict_sentence(noise) == (
        "Frozen-batchnorm: jitter went from 0.21 to 0.20, −0.01 "
        "(95 % interval −0.11 to 0.09, 8 paired seeds). Smaller than the noise: no effect is shown."
    )
    same = _fixed(after=0.21, effect=0.0, low=0.0, high=0.0, verdict="no difference")
    assert evidence.verdict_sentence(same) == (
        "Frozen-batchnorm left jitter at 0.21 in each of 8 paired seeds: no difference."
    )
    few = _fixed(seeds=1, low=None, high=None, verdict="described only")
    assert evidence.verdict_sentence(few) == (
        "Frozen-batchnorm: jitter went from 0.21 to 0.03, −0.18 (1 paired seed). "
        "Described only: fewer than 5 pairs are not judged."
    )


def test_an_end_near_zero_is_not_printed_as_zero():
    c = _fixed(low=-0.3596, high=-0.0004)
    assert "−0.3596 to −0.0004" in evidence.verdict_sentence(c)


def test_no_negative_zero():
    c = _fixed(
        after=0.21,
        effect=-0.0001,
        low=-0.1,
        high=0.0998,
        verdict="smaller than the noise",
    )
    assert "to 0.210, 0.000 (95 %" in evidence.verdict_sentence(c)


@given(DIFFERENCES.map(lambda d: d[:8]), st.booleans())
def test_words_have_no_digits_and_sentences_agree_with_the_verdict(differences, lower):
    c = compare(differences, start=20.0, better="lower" if lower else "higher")
    words = evidence.verdict_words(c)
    assert not re.search(r"\d", words)
    assert words == f"frozen-batchnorm · jitter: {c.verdict}"
    sentence = evidence.verdict_sentence(c)
    assert "\n" not in sentence and "-0" not in sentence
    assert ("Larger than the noise" in sentence) == (c.verdict in ("helps", "hurts"))


def test_table():
    rows = evidence.table(
        [_fixed(), _fixed(seeds=3, low=None, high=None, verdict="described only")]
    )
    assert list(rows["fix"]) == ["frozen-batchnorm"] * 2
    assert list(rows["effect"]) == ["−0.18", "−0.18"]
    assert list(rows["interval"]) == ["−0.24 to −0.12 (95 %)", "–"]
    assert list(rows["verdict"]) == ["helps", "described only"]
    assert list(rows["seeds"]) == ["8", "3"]
    assert list(evidence.table([]).columns) == list(rows.columns)
