"""Tables of recordings/PROTOCOL.md that are made from the recordings, runs of no page left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tlhelpers.core.marks import put_between
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.fixes import fix
from tlhelpers.measures import stability
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Experiment

READINGS = {
    "val_nll": "as validated",
    "val_nll_fresh": "fresh statistics",
    "val_nll_averaged": "averaged weights",
    "val_nll_averaged_fresh": "both",
    "val_nll_recalibrated": "recalibrated",
}
"""Columns of a history, and what each reading of the same epochs is."""

_CALIBRATION = range(24, 32)
_DRAWS = 4000


@dataclass(frozen=True)
class Taken:
    """The jumping that a reading leaves, and the share of it that it takes away.

    Attributes
    ----------
    jitter : float
        Mean over the runs.
    share : float
        1 − jitter(reading) / jitter(as validated), of the means.
    low, high : float or None
        95 % interval of the share: the runs are drawn anew, both readings of a run together. None
        for fewer than five runs.
    """

    jitter: float
    share: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.jitter:.3f} ({100 * self.share:.0f} %)"
        ends = f"{100 * self.low:.0f} to {100 * self.high:.0f}"
        return f"{self.jitter:.3f} ({100 * self.share:.0f} %, {ends})".replace("-", "−")


def taken(runs: Experiment, reading: str) -> Taken:
    """What a reading takes away of the jumping of some runs.

    Parameters
    ----------
    runs : Experiment
        Recorded with their readings.
    reading : str
        A key of `READINGS`.
    """
    own, other = (
        np.array([stability.jitter(run.curve(column)) for run in runs])
        for column in ("val_nll", reading)
    )
    share = 1 - other.mean() / own.mean()
    if len(own) < 5:
        return Taken(float(other.mean()), float(share), None, None)
    drawn = np.random.default_rng(0).integers(len(own), size=(_DRAWS, len(own)))
    # Of the jumping that was seen: a draw of calm runs only would divide by nearly nothing.
    low, high = np.percentile((own - other)[drawn].mean(axis=1) / own.mean(), [2.5, 97.5])
    return Taken(float(other.mean()), float(share), float(low), float(high))


def split() -> str:
    """How much jumping each reading of the posted runs leaves, as a Markdown table."""
    lines = [
        f"| recipe as posted | {' | '.join(READINGS.values())} |",
        "|---" * (1 + len(READINGS)) + "|",
    ]
    for words, runs in _posted():
        first, *others = (taken(runs, column) for column in READINGS)
        cells = [f"{first.jitter:.3f}", *map(str, others)]
        lines.append(f"| {words}, {len(runs)} runs | {' | '.join(cells)} |")
    return "\n".join(lines)


def _posted() -> list[tuple[str, Experiment]]:
    retina, faces = case("retinopathy"), case("ferplus")
    resnet50 = case("retinopathy", "witness")
    photographs = case("retinopathy", data="real")
    everybody = case("ferplus", data="real", everything=True)
    asked = [
        ("retina", retina, range(16)),
        ("faces", faces, range(16)),
        ("ResNet50 itself, first weights of version 6", resnet50, range(5)),
        ("ResNet50 itself, first weights of version 7", resnet50, range(5, 10)),
        ("real retinas, 96 px", photographs, range(3)),
        ("all real faces", everybody, range(3)),
    ]
    return [(words, c.recorded(c.measured, seeds, committed=True)) for words, c, seeds in asked]


def choices() -> str:
    """What each open choice of the retina's recipe does, posted recipe only, as a table."""
    lines = [
        "| | jitter of `val_loss`, median (range) | runs with a spike | last AUC, mean |",
        "| --- | --- | --- | --- |",
    ]
    for words, runs in chosen():
        jitters = [stability.jitter(run.curve("val_loss")) for run in runs]
        spikes = sum(bool(stability.spikes(run.curve("val_loss"))) for run in runs)
        auc = np.mean([run.curve("val_auc")[-1] for run in runs])
        lines.append(
            f"| {words} | {np.median(jitters):.3f} ({min(jitters):.3f} to {max(jitters):.3f}) "
            f"| {spikes} of {len(runs)} | {auc:.3f} |"
        )
    return "\n".join(lines)


def chosen() -> list[tuple[str, Experiment]]:
    """The calibration runs of the retina, all that are recorded, by what was changed."""
    this = case("retinopathy")
    as_it_is = this.measured
    recipes: Sequence[tuple[str, Recipe]] = (
        ("as it is", as_it_is),
        ("whole backbone", replace(as_it_is, truncate_at=None)),
        ("batch 32 (50 steps an epoch)", fix("batch-32").apply(as_it_is)),
        ("the backbone's own inputs", fix("backbone-inputs").apply(as_it_is)),
        ("no flips", replace(as_it_is, horizontal_flip=False)),
        ("**kernels as they are (c = 1)**", replace(as_it_is, kernel_scale=1)),
        ("kernels times 1/4", replace(as_it_is, kernel_scale=1 / 4)),
        ("kernels times 1/16", replace(as_it_is, kernel_scale=1 / 16)),
    )
    return [(words, this.recorded(r, _CALIBRATION, committed=True)) for words, r in recipes]


def refresh(text: str) -> str:
    """The protocol's text with its tables put in anew.

    Parameters
    ----------
    text : str
        With the marks ``split`` and ``choices``, see `tlhelpers.core.marks.put_between`.
    """
    for name, table in (("split", split()), ("choices", choices())):
        text = put_between(text, name, table)
    return text
