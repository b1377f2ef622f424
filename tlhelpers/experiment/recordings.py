"""Runs kept as files: one small JSON file a run, in a folder a recipe.

``recordings/<case>-<data>-<profile>/<label>-<recipe key>/seed-<n>.json`` is part of the repository;
the same layout under ``build/runs`` keeps what a learner trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run

SCHEMA = 2  # 1 had no labels and wrote every probability out


def local() -> Path:
    """Where runs of this machine are kept."""
    return paths.build() / "runs"


def folder(
    root: Path, case: str, data: str, profile: str, recipe: Recipe, label: str = "run"
) -> Path:
    """Where the runs of a recipe are kept."""
    return root / f"{case}-{data}-{profile}" / f"{label}-{recipe.key()}"


def save(run: Run, root: Path, label: str = "run") -> Path:
    """Write a run, whole or not at all; the file's path.

    Raises
    ------
    CourseError
        The disk is full or the folder cannot be written.
    """
    case, data, profile = (run.about[key] for key in ("case", "data", "profile"))
    path = folder(root, case, data, profile, run.recipe, label) / f"seed-{run.seed}.json"
    text = json.dumps({"schema": SCHEMA, "recipe": run.recipe.to_dict(), **run.to_dict()})
    files.save(path, text + "\n")
    return path


def load(path: Path) -> Run:
    """Read a run.

    Raises
    ------
    CourseError
        The file is damaged or of another schema.
    """
    damaged = f"Damaged recording {path}: delete it and train again."
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        schema = fields["schema"]
    except (OSError, ValueError, TypeError, LookupError):
        raise CourseError(damaged) from None
    if schema != SCHEMA:
        raise CourseError(f"Recording {path} has schema {schema}, this version reads {SCHEMA}.")
    try:
        return Run.from_dict(Recipe.from_dict(fields["recipe"]), fields)
    except Exception:  # a key is missing, or what was packed cannot be unpacked
        raise CourseError(damaged) from None


def find(
    case: str, data: str, profile: str, recipe: Recipe, seed: int, spec: str, *roots: Path
) -> Run | None:
    """The first recording of exactly this run in `roots`, or None.

    `spec` says how the images were chosen; a recording made from others does not count.
    """
    for root in roots:
        for path in sorted((root / f"{case}-{data}-{profile}").glob(f"*-{recipe.key()}")):
            file = path / f"seed-{seed}.json"
            if file.exists():
                run = load(file)
                if run.recipe == recipe and run.about["spec"] == spec:
                    return run
    return None


def every(root: Path) -> Iterator[Run]:
    """All recordings under `root`, in the order of their paths."""
    for path in sorted(root.rglob("seed-*.json")):
        yield load(path)
