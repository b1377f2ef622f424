"""Where a logarithmic axis has its ticks, and what they say: plain numbers in any range.

Matplotlib's own put a tick at each power of ten, so an axis from 22 to 162 gets a single one, and
write it as 10².
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

FEWEST, MOST = 3, 8
"""Ticks of an axis."""

APART = 0.07
"""Least distance of two ticks, as a share of the axis: what a line of text needs."""

_MANTISSAS = ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3))


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high` that lie apart on a logarithmic axis.

    Parameters
    ----------
    low, high : float
        Ends of the axis, 0 < low < high. Ends that differ by less than a millionth have no round
        numbers of few digits between them.

    Returns
    -------
    list of float
        `FEWEST` to `MOST` ticks, from low to high.

    Raises
    ------
    ValueError
        The ends are no such range.
    """
    if not 0 < low < high < math.inf:
        raise ValueError(f"a logarithmic axis goes from low to high above 0, not {low} to {high}")
    found: list[float] = []
    for ticks in _choices(low, high):
        if len(found) < len(ticks) <= MOST and _lie_apart(ticks, low, high):
            found = ticks
    return found


def tick_words(tick: float) -> str:
    """A tick's label: "0.004", "150", "20,000"; with an exponent where zeros would be counted."""
    if not 1e-7 <= tick < 1e12:
        return f"{tick:g}"
    whole, _, decimals = np.format_float_positional(tick, trim="-").partition(".")
    return f"{int(whole):,}{decimals and '.'}{decimals}"


def _choices(low: float, high: float) -> Iterator[list[float]]:
    """Ticks to choose from: the same digits in each decade, whole decades, equal steps."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = range(first, last + 1)
    for mantissas in _MANTISSAS:
        yield _within([(m, d) for d in decades for m in mantissas], low, high)
    for stride in range(1, len(decades)):
        yield _within([(1, d) for d in decades if d % stride == 0], low, high)
    size = math.floor(math.log10(high - low))
    for digit, power in ((5, size), (2, size), (1, size), (5, size - 1), (2, size - 1)):
        start, end = (math.floor(end / (digit * 10.0**power)) for end in (low, high))
        if end - start <= 2 * MOST:
            yield _within([(n * digit, power) for n in range(start, end + 2)], low, high)


def _within(numbers: list[tuple[float, int]], low: float, high: float) -> list[float]:
    """Numbers given as (digits, power of ten), those from low to high."""
    # Read as they are written: 3 * 10.0**-1 is 0.30000000000000004.
    return [
        tick for digits, power in numbers if low <= (tick := float(f"{digits}e{power}")) <= high
    ]


def _lie_apart(ticks: list[float], low: float, high: float) -> bool:
    places = np.log(ticks) / (math.log(high) - math.log(low))
    return bool((np.diff(places) >= APART).all())
