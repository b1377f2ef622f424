"""Ticks of a logarithmic axis: enough of them, apart, and plain, whatever the range."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tlhelpers.analysis.ticks import APART, FEWEST, MOST, log_ticks, tick_words


@given(
    st.floats(-6, 6).map(lambda power: 10**power),
    st.floats(math.log10(1.01), 5).map(lambda power: 10**power),
)
@example(22, 162 / 22)
@example(0.004, 0.03 / 0.004)
@example(0.61, 0.66 / 0.61)
def test_any_range_has_ticks_that_do_not_overlap(low, ratio):
    high = low * ratio
    ticks = log_ticks(low, high)
    assert FEWEST <= len(ticks) <= MOST
    assert low <= ticks[0] and ticks[-1] <= high
    places = np.log(ticks) / math.log(high / low)
    assert (np.diff(places) >= APART).all()
    words = [tick_words(tick) for tick in ticks]
    assert "e" not in "".join(words)
    assert [float(word.replace(",", "")) for word in words] == ticks
    # No more digits than it takes to tell the ends apart, and one.
    digits = max(len(word.replace(",", "").replace(".", "").strip("0")) for word in words)
    assert digits <= 2 + max(0, math.ceil(-math.log10(ratio - 1)))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (22, 162, "30 50 70 100 150"),
        (0.004, 0.03, "0.005 0.007 0.01 0.015 0.02 0.03"),
        (0.61, 0.66, "0.61 0.62 0.63 0.64 0.65 0.66"),
        (0.3, 6, "0.3 0.5 0.7 1 1.5 2 3 5"),
        (0.01, 1000, "0.01 0.1 1 10 100 1,000"),
        (5, 90_000, "10 30 100 300 1,000 3,000 10,000 30,000"),
    ],
)
def test_ticks_that_a_person_would_choose(low, high, words):
    assert " ".join(map(tick_words, log_ticks(low, high))) == words


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (1, 1), (2, 1), (1, math.inf)])
def test_what_is_no_range(low, high):
    with pytest.raises(ValueError, match="from low to high above 0"):
        log_ticks(low, high)
