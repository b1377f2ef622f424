"""Measure what the course says about FER+: classes, votes, duplicates, and the ceiling they set.

Reads a folder that `prepare_ferplus.py` made and writes numbers only, no images, as JSON.
Synthetic faces are drawn with these shares of classes and votes.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tlhelpers.core import files
from tlhelpers.data import duplicates, votes
from tlhelpers.data.prepare import workflow
from tlhelpers.data.real import open_ferplus, votes_of
from tlhelpers.data.votes import EMOTIONS, RULES

DIGITS = 4
SEED = 0
NOTE = (
    "Measured on FER+ (Barsoum et al. 2016, arXiv 1608.01041; votes from microsoft/FERPlus, "
    "faces from FER2013) by data_scripts/measure_ferplus.py. Numbers only, no images. "
    "Votes of label.csv; in fer2013new.csv duplicates share votes and never conflict. "
    "Entropy in nats; redraws of the ceiling with seed 0."
)


def figures_of_votes(cast: np.ndarray) -> dict:
    """Numbers about the votes of one split, shape (n, 10)."""
    labels, keep = votes.plurality(cast)
    entropy = votes.entropy(cast)
    emotions = np.sort(cast[:, : len(EMOTIONS)], axis=1)
    shares = cast.sum(axis=0) / cast.sum()
    return {
        "images": len(cast),
        "images without a vote for any emotion": int((emotions[:, -1] == 0).sum()),
        "images with a tie for the first place": int((emotions[:, -1] == emotions[:, -2]).sum()),
        "count by class": {rule: _counts(cast, rule) for rule in RULES},
        "share of votes": _by_name(votes.COLUMNS, shares),
        "entropy": _rounded(entropy[keep].mean()),
        "entropy by class": _by_name(
            EMOTIONS, [_mean(entropy[keep & (labels == label)]) for label in range(len(EMOTIONS))]
        ),
        "confusion": [[_rounded(share) for share in row] for row in votes.confusion(cast)],
        "ceiling": {rule: _ceiling(cast, rule) for rule in RULES},
    }


def figures_of_duplicates(
    train: np.ndarray, valid: np.ndarray, train_votes: np.ndarray, valid_votes: np.ndarray
) -> dict:
    """Numbers about images that stand in FER+ more than once."""
    group = duplicates.duplicate_groups(np.concatenate([train, valid]))
    cast = np.concatenate([train_votes, valid_votes])
    sizes = np.bincount(group)
    sides = np.stack([np.bincount(part, minlength=len(sizes)) > 0
                      for part in (group[: len(train)], group[len(train) :])])  # fmt: skip
    leaked = duplicates.has_duplicate(valid, train)
    near = duplicates.has_near_duplicate(valid, train)
    conflicting = {}
    for rule, make in RULES.items():
        labels, keep = make(cast)
        conflicting[rule] = len(duplicates.conflicting(group[keep], labels[keep]))
    return {
        "groups": int((sizes > 1).sum()),
        "groups across the split": int(sides.all(axis=0).sum()),
        "groups with conflicting labels": conflicting,
        "validation images with an exact duplicate in training": int(leaked.sum()),
        "share of validation images with an exact duplicate in training": _rounded(leaked.mean()),
        "places of these among the validation images": np.flatnonzero(leaked).tolist(),
        "validation images with a near duplicate in training": int(near.sum()),
        "share of validation images with a near duplicate in training": _rounded(near.mean()),
        "training images with an exact duplicate in validation": int(
            duplicates.has_duplicate(train, valid).sum()
        ),
        "near means": f"difference hashes of 256 bits within {duplicates.NEAR} bits",
    }


def _counts(cast: np.ndarray, rule: str) -> dict[str, int]:
    labels, keep = RULES[rule](cast)
    return dict(zip(EMOTIONS, np.bincount(labels[keep], minlength=8).tolist(), strict=True))


def _ceiling(cast: np.ndarray, rule: str) -> dict:
    found = votes.ceiling(cast, rule, seed=SEED)
    return {"accuracy": _rounded(found.accuracy), "recall": _by_name(EMOTIONS, found.recall)}


def _mean(values: np.ndarray) -> float:
    return values.mean() if len(values) else np.nan


def _by_name(names: tuple[str, ...], values) -> dict[str, float | None]:
    return {name: _rounded(value) for name, value in zip(names, values, strict=True)}


def _rounded(value: float) -> float | None:
    """Rounded for the file; JSON has no NaN."""
    return None if np.isnan(value) else round(float(value), DIGITS)


def measure(source: Path, target: Path) -> str:
    """Measure, write, and say where.

    Raises
    ------
    CourseError
        If the prepared folder is refused or has no training or validation images, or the file
        cannot be written.
    """
    files.check_writable(target.parent)
    prepared = open_ferplus(source)
    (train, train_votes), (valid, valid_votes) = (
        votes_of(prepared, split) for split in ("train", "valid")
    )
    figures = {
        "note": NOTE,
        "fingerprint of the prepared set": prepared.about["fingerprint"],
        "emotions": list(EMOTIONS),
        "train": figures_of_votes(train_votes),
        "valid": figures_of_votes(valid_votes),
        "duplicates": figures_of_duplicates(
            prepared.images[train], prepared.images[valid], train_votes, valid_votes
        ),
    }
    files.save(target, json.dumps(figures, indent=1, allow_nan=False) + "\n")
    return f"measured {len(train) + len(valid):,} faces; figures in {target}"


def main(
    source: Annotated[Path, typer.Option(help="Folder that prepare_ferplus.py made.")],
    target: Annotated[Path, typer.Option(help="JSON file to write.")],
) -> None:
    """Measure classes, votes and duplicates of FER+."""
    raise typer.Exit(workflow.run_command("measure_ferplus", partial(measure, source, target)))


if __name__ == "__main__":
    typer.run(main)
