"""A comparison in words: its sentence, its numbers, a row of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tlhelpers.analysis.comparisons import (
    HELPS,
    HURTS,
    SAME,
    Comparison,
)

if TYPE_CHECKING:
    import pandas as pd


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


def comparison_table(comparisons: Iterable[Comparison]) -> pd.DataFrame:
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


def number(comparison: Comparison, value: float) -> str:
    """A number of a comparison, rounded as all its numbers are, with a real minus sign."""
    text = f"{value:.{_decimals(comparison)}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def interval_words(comparison: Comparison) -> str:
    """The interval of the effect, such as "−0.24 to −0.12"."""
    low, high = _ends(comparison)
    return f"{number(comparison, low)} to {number(comparison, high)}"


def _ends(comparison: Comparison) -> tuple[float, float]:
    """The interval of a comparison that has one."""
    if comparison.low is None or comparison.high is None:
        raise ValueError(f"{comparison.seeds} pairs have no interval")
    return comparison.low, comparison.high


def _decimals(comparison: Comparison) -> int:
    """Decimals that show two digits of the effect or of its uncertainty, whichever is larger."""
    c = comparison
    half = 0.0 if c.low is None or c.high is None else (c.high - c.low) / 2
    # Without an effect there is only the level of the values left to show.
    size = (max(abs(c.effect), half) if c.verdict != SAME else 0.0) or abs(c.before)
    if size < 1e-6:  # nothing but rounding
        return 0
    decimals = _first_digit(size) + 1
    if c.verdict in (HELPS, HURTS):
        # An end rounded to 0 would contradict the verdict printed beside it.
        decimals = max(decimals, _first_digit(min(map(abs, _ends(c)))))
    return min(max(decimals, 0), 6)


def _first_digit(size: float) -> int:
    """Decimal place of the first digit that is not 0: 2 for 0.03, 0 for 5, −1 for 50."""
    return -math.floor(math.log10(size)) if size > 0 else 1
