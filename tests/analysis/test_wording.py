"""The words of a comparison: sentences, rounding, tables."""

from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.test_comparisons import DIFFERENCES, NAMES, compare
from tlhelpers.analysis import comparisons, wording


def _fixed(**changes):
    """A comparison with round numbers, not computed from any."""
    numbers = {"seeds": 8, "before": 0.21, "after": 0.03, "effect": -0.18}
    judged = {"low": -0.24, "high": -0.12, "level": 0.95, "p": 0.001, "verdict": "helps"}
    return comparisons.Comparison(**{**NAMES, **numbers, **judged, **changes})


def test_an_effect_with_its_interval_or_alone():
    assert wording.effect_words(_fixed()) == "−0.18 (−0.24 to −0.12)"
    few = _fixed(seeds=1, low=None, high=None, p=None, verdict="described only")
    assert wording.effect_words(few) == "−0.18"


def test_an_end_near_zero_is_not_printed_as_zero():
    c = _fixed(low=-0.3596, high=-0.0004)
    assert wording.interval_words(c) == "−0.3596 to −0.0004"


def test_no_negative_zero():
    c = _fixed(effect=-0.0001, low=-0.1, high=0.0998, verdict="no clear effect")
    assert wording.number(c, c.effect) == "0.000" and wording.number(c, c.before) == "0.210"


@given(DIFFERENCES.map(lambda d: d[:8]), st.booleans())
def test_no_effect_has_a_minus_sign_of_a_keyboard(differences, lower):
    c = compare(differences, start=20.0, better="lower" if lower else "higher")
    words = wording.effect_words(c)
    assert "\n" not in words and "-" not in words


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
