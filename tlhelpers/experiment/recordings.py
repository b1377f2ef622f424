"""Runs kept as files: one small JSON file a run, in a folder a recipe.

``recordings/<case>-<data>-<profile>/<label>-<recipe key>/seed-<n>.json`` is part of the repository;
the same layout under ``build/runs`` keeps what a learner trained.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError, in_one_line
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
        The file is damaged, does not belong where it lies, or is of another schema.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        schema = fields["schema"]
    except (OSError, ValueError, TypeError, LookupError):
        raise _damaged(path, "it is no recording") from None
    if schema != SCHEMA:
        raise CourseError(f"Recording {path} has schema {schema}, this version reads {SCHEMA}.")
    try:
        run = Run.from_dict(Recipe.from_dict(fields["recipe"]), fields)
        problem = run.problem() or _misplaced(path, run)
    except Exception as error:  # a key is missing, or what was packed cannot be unpacked
        raise _damaged(path, in_one_line(error)) from None
    if problem:
        raise _damaged(path, problem)
    return run


def _damaged(path: Path, why: str) -> CourseError:
    return CourseError(f"Damaged recording {path} ({why}): delete it and train again.")


def _misplaced(path: Path, run: Run) -> str | None:
    """What in a file's path does not fit the run in it; None if all does."""
    where = "-".join(run.about[key] for key in ("case", "data", "profile"))
    for found, wanted, what in (
        (path.stem, f"seed-{run.seed}", "seed"),
        (path.parent.name.rpartition("-")[2], run.recipe.key(), "recipe"),
        (path.parent.parent.name, where, "case, data and profile"),
    ):
        if found != wanted:
            return f"its {what} is that of '{wanted}', not of '{found}'"
    return None


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


def every(root: Path, tell: Callable[[str], None] | None = None) -> Iterator[Run]:
    """All recordings under `root`, in the order of their paths.

    Parameters
    ----------
    root : path
    tell : function of a line, optional
        Told of each file that is no recording; the others are read. Without it, the first such
        file ends all: where verdicts are made, a run that is left out changes them.

    Raises
    ------
    CourseError
        A file cannot be read, and there is nobody to tell.
    """
    for path in sorted(root.rglob("seed-*.json")):
        try:
            run = load(path)
        except CourseError as problem:
            if tell is None:
                raise
            tell(f"Left out: {problem}")
            continue
        yield run
