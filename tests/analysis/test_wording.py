"""The words of a comparison: sentences, rounding, tables."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.test_comparisons import DIFFERENCES, NAMES, compare
from tlhelpers.analysis import comparisons, wording


def _fixed(**changes):
    """A comparison with round numbers, not computed from any."""
    numbers = {"seeds": 8, "before": 0.21, "after": 0.03, "effect": -0.18}
    judged = {"low": -0.24, "high": -0.12, "level": 0.95, "p": 0.001, "verdict": "helps"}
    return comparisons.Comparison(**{**NAMES, **numbers, **judged, **changes})


def test_sentence_of_each_verdict():
    assert wording.verdict_sentence(_fixed(), "Frozen BatchNorm") == (
        "Frozen BatchNorm lowered jitter from 0.21 to 0.03: −0.18 "
        "(95 % interval −0.24 to −0.12, 8 paired seeds). It helps."
    )
    hurts = _fixed(after=0.39, effect=0.18, low=0.12, high=0.24, verdict="hurts")
    assert wording.verdict_sentence(hurts) == (
        "Frozen-batchnorm raised jitter from 0.21 to 0.39: 0.18 "
        "(95 % interval 0.12 to 0.24, 8 paired seeds). It hurts."
    )
    noise = _fixed(after=0.2, effect=-0.01, low=-0.11, high=0.09, verdict="no clear effect")
    assert wording.verdict_sentence(noise) == (
        "Frozen-batchnorm: jitter went from 0.21 to 0.20, −0.01 "
        "(95 % interval −0.11 to 0.09, 8 paired seeds). No clear effect."
    )
    same = _fixed(after=0.21, effect=0.0, low=0.0, high=0.0, verdict="no difference")
    assert wording.verdict_sentence(same) == (
        "Frozen-batchnorm left jitter at 0.21 in each of 8 paired seeds: no difference."
    )
    neutral = _fixed(better="neither", verdict="described only")
    assert wording.verdict_sentence(neutral) == (
        "Frozen-batchnorm: jitter went from 0.21 to 0.03, −0.18 "
        "(95 % interval −0.24 to −0.12, 8 paired seeds). Larger than the noise; "
        "neither way is better."
    )
    few = _fixed(seeds=1, low=None, high=None, p=None, verdict="described only")
    assert wording.verdict_sentence(few) == (
        "Frozen-batchnorm: jitter went from 0.21 to 0.03, −0.18 (1 paired seed). "
        "Described only: fewer than 5 pairs are not judged."
    )


def test_an_end_near_zero_is_not_printed_as_zero():
    c = _fixed(low=-0.3596, high=-0.0004)
    assert "−0.3596 to −0.0004" in wording.verdict_sentence(c)


def test_no_negative_zero():
    c = _fixed(
        after=0.21,
        effect=-0.0001,
        low=-0.1,
        high=0.0998,
        verdict="no clear effect",
    )
    assert "to 0.210, 0.000 (95 %" in wording.verdict_sentence(c)


@given(DIFFERENCES.map(lambda d: d[:8]), st.booleans())
def test_words_have_no_digits_and_sentences_agree_with_the_verdict(differences, lower):
    c = compare(differences, start=20.0, better="lower" if lower else "higher")
    words = wording.verdict_words(c)
    assert not re.search(r"\d", words)
    assert words == f"frozen-batchnorm · jitter: {c.verdict}"
    sentence = wording.verdict_sentence(c)
    assert "\n" not in sentence and "-0" not in sentence
    assert (f"It {c.verdict}." in sentence) == (c.verdict in ("helps", "hurts"))


def test_table():
    rows = wording.comparison_table(
        [_fixed(), _fixed(seeds=3, low=None, high=None, p=None, verdict="described only")]
    )
    assert list(rows["fix"]) == ["frozen-batchnorm"] * 2
    assert list(rows["effect"]) == ["−0.18", "−0.18"]
    assert list(rows["interval"]) == ["−0.24 to −0.12 (95 %)", "–"]
    assert list(rows["verdict"]) == ["helps", "described only"]
    assert list(rows["seeds"]) == ["8", "3"]
    assert list(wording.comparison_table([]).columns) == list(rows.columns)
