"""A comparison in words: its sentence, its numbers, a row of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tlhelpers.analysis import metrics
from tlhelpers.analysis.comparisons import (
    DESCRIBED,
    FEWEST_SEEDS,
    HELPS,
    HURTS,
    NOISE,
    SAME,
    Comparison,
)

if TYPE_CHECKING:
    import pandas as pd


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
        −0.24 to −0.12, 8 paired seeds). It helps." Only a judged
        effect 'lowered' or 'raised' something; otherwise the number 'went'.
    """
    c = comparison
    name = title or c.fix
    name, metric = name[0].upper() + name[1:], metrics.metric(c.metric).title
    before, after, effect = (number(c, value) for value in (c.before, c.after, c.effect))
    pairs = f"{c.seeds} paired seed" + ("" if c.seeds == 1 else "s")
    if c.verdict == SAME:
        return f"{name} left {metric} at {before} in each of {pairs}: no difference."
    if c.verdict == DESCRIBED and c.low is None:
        return (
            f"{name}: {metric} went from {before} to {after}, {effect} ({pairs}). "
            f"Described only: fewer than {FEWEST_SEEDS} pairs are not judged."
        )
    numbers = f"{effect} ({100 * c.level:g} % interval {interval_words(c)}, {pairs})"
    if c.verdict == DESCRIBED:
        return (
            f"{name}: {metric} went from {before} to {after}, {numbers}. "
            "Larger than the noise; neither way is better."
        )
    if c.verdict == NOISE:
        return f"{name}: {metric} went from {before} to {after}, {numbers}. No clear effect."
    verb = "lowered" if c.effect < 0 else "raised"
    return f"{name} {verb} {metric} from {before} to {after}: {numbers}. It {c.verdict}."


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
