"""Prepare EyePACS (Kaggle's Diabetic Retinopathy Detection, 2015) for the course.

Reads Kaggle's layout, a folder or a zip (which is never unpacked)::

    trainLabels.csv               columns image, level
    images/<patient>_<eye>.jpeg   or in train/, or beside trainLabels.csv

and writes `images.npy`, `index.csv`, `problems.csv` and `about.json` into the target folder.
Each picture is cut to the square around its centre and resized to size × size pixels;
colours are left as they are. If the command is stopped, however hard, the same command goes
on where it was.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd
import typer

from tlhelpers.data import prepared as layout
from tlhelpers.data import sources
from tlhelpers.data.prepared import Job, Prepared, Problem
from tlhelpers.data.sources import BrokenPicture, Source
from tlhelpers.errors import CourseError

LABELS = "trainLabels.csv"
PICTURE_FOLDERS = ("images", "train", ".")
PICTURE_SUFFIXES = (".jpeg", ".jpg", ".png")
NAME = re.compile(r"(?P<patient>[A-Za-z0-9]+)_(?P<eye>left|right)")
GRADES = ("0", "1", "2", "3", "4")
SHOWN = 20  # Lines printed for each kind of problem; problems.csv holds them all.


def find_labels(source: Source) -> str:
    """Path of trainLabels.csv in the source, at the top or in a folder around everything.

    Raises
    ------
    CourseError
        If there is none, or more than one.
    """
    found = [name for name in source.files if PurePosixPath(name).name == LABELS]
    if not found:
        raise CourseError(
            f"{source.path} holds no {LABELS}: unpack Kaggle's {LABELS}.zip beside the pictures"
        )
    if len(found) > 1:
        raise CourseError(f"{source.path} holds more than one {LABELS}: {', '.join(found)}")
    return found[0]


def read_labels(source: Source, path: str) -> pd.DataFrame:
    """The labels as a table with columns image, patient, eye (str) and grade (int), in order.

    Raises
    ------
    CourseError
        If a column is missing or a line is wrong; the message names the line.
    """
    try:
        text = source.read(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = {"image", "level"} - set(reader.fieldnames or ())
        if missing:
            raise CourseError(
                f"{path} has no column {' and no column '.join(map(repr, sorted(missing)))} "
                f"(it has {', '.join(reader.fieldnames or ()) or 'none'}): "
                "the columns must be image,level"
            )
        rows = [_label(path, reader.line_num, row) for row in reader]
    except (BrokenPicture, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} in {source.path} is not a table of labels: {error}") from error
    if not rows:
        raise CourseError(f"{path} in {source.path} holds no labels: fetch it again")
    table = pd.DataFrame(rows)
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise CourseError(f"{path} names {twice.iloc[0]} more than once: keep one line a picture")
    return table


def _label(path: str, line: int, row: dict) -> dict:
    """One checked line of the labels."""
    image, level = row["image"] or "", row["level"] or ""
    if None in row:
        raise CourseError(f"{path}, line {line}: more values than columns")
    match = NAME.fullmatch(image)
    if match is None:
        raise CourseError(
            f"{path}, line {line}: the name {image!r} is not <patient>_left or <patient>_right"
        )
    if level not in GRADES:
        raise CourseError(f"{path}, line {line}: the level of {image} is {level!r}, not 0 to 4")
    return {"image": image, **match.groupdict(), "grade": int(level)}


def find_pictures(source: Source, base: PurePosixPath) -> dict[str, str]:
    """Path of each picture by its name without suffix.

    Raises
    ------
    CourseError
        If there are none, or two with one name.
    """
    folders = {base / folder for folder in PICTURE_FOLDERS}
    pictures: dict[str, str] = {}
    for name in source.files:
        path = PurePosixPath(name)
        if path.parent not in folders or path.suffix.lower() not in PICTURE_SUFFIXES:
            continue
        if path.stem in pictures:
            raise CourseError(
                f"two pictures are called {path.stem}, {pictures[path.stem]} and {name}: keep one"
            )
        pictures[path.stem] = name
    if not pictures:
        raise CourseError(
            f"{source.path} holds no pictures in images/, train/ or beside {LABELS}: "
            "unpack Kaggle's train.zip there"
        )
    return pictures


def match_up(labels: pd.DataFrame, pictures: dict[str, str]) -> tuple[pd.DataFrame, list[Problem]]:
    """Labels that have a picture, and what has to be left out."""
    there = labels["image"].isin(pictures)
    labelled = set(labels["image"])
    problems = [Problem(name, "label without picture") for name in labels["image"][~there]]
    problems += [
        Problem(name, "picture without label", path)
        for name, path in sorted(pictures.items())
        if name not in labelled
    ]
    if not there.any():
        raise CourseError(f"none of the {len(labels):,} labels has a picture: is this the set?")
    return labels[there].reset_index(drop=True), problems


def report_problems(problems: pd.DataFrame) -> None:
    """One line for each thing left out, on stderr; long lists are cut."""
    for kind, rows in problems.groupby("problem", sort=False):
        for row in rows.head(SHOWN).itertuples():
            typer.echo(f"{kind}: {row.image}" + (f" ({row.why})" if row.why else ""), err=True)
        if len(rows) > SHOWN:
            typer.echo(f"{kind}: {len(rows) - SHOWN:,} more", err=True)


def counted(index: pd.DataFrame, skipped: Counter | dict[str, int]) -> str:
    """Pictures, patients, grades and what was left out, in one line."""
    grades = " / ".join(f"{(index['grade'] == int(grade)).sum():,}" for grade in GRADES)
    left_out = ", ".join(f"{kind} {count:,}" for kind, count in skipped.items()) or "nothing"
    return (
        f"{len(index):,} pictures of {index['patient'].nunique():,} patients, "
        f"grades 0-4: {grades}; left out: {left_out}"
    )


def closing_line(prepared: Prepared) -> str:
    """What is there, where, and how large."""
    return (
        f"{counted(prepared.index, prepared.about['skipped'])}; in {prepared.folder}, "
        f"{prepared.images.shape[1]} pixels, {sources.readable_bytes(prepared.bytes_on_disk)}"
    )


def prepare(
    source_path: Path, target: Path, size: int, limit: int | None, dry_run: bool, overwrite: bool
) -> str:
    """Do what the command line asks; the closing line.

    Raises
    ------
    CourseError
        If the source or target is refused, or the disk is full.
    """
    if target.resolve() == source_path.resolve():
        raise CourseError("--target is the same as --source: choose another folder")
    source = sources.open_source(source_path)
    labels_path = find_labels(source)
    labels = read_labels(source, labels_path)
    pictures = find_pictures(source, PurePosixPath(labels_path).parent)
    items, problems = match_up(labels, pictures)
    items = items.head(limit)
    job = Job(
        name="eyepacs",
        source=source_path.resolve().name,
        fingerprint=source.fingerprint([labels_path, *pictures.values()]),
        size=size,
        limit=limit,
        command=command_line(source_path, target, size, limit, overwrite),
    )
    if layout.is_complete(target, job, overwrite):
        prepared = layout.load_prepared(target, job.name, job.command)
        return f"already prepared: {closing_line(prepared)}"
    if dry_run:
        report_problems(pd.DataFrame(problems, columns=list(Problem._fields)))
        found = Counter(problem.problem for problem in problems)
        return (
            f"dry run, nothing written: {counted(items, found)}; "
            f"needs {sources.readable_bytes(layout.space_needed(len(items), size))}, "
            f"free {sources.readable_bytes(layout.free_space(target))}"
        )
    prepared = layout.write_prepared(
        target,
        items,
        lambda name: sources.decode_square(source.read(pictures[name]), size),
        job,
        problems,
        overwrite=overwrite,
    )
    report_problems(pd.read_csv(target / layout.PROBLEMS, dtype=str, keep_default_na=False))
    return f"prepared: {closing_line(prepared)}"


def command_line(source: Path, target: Path, size: int, limit: int | None, overwrite: bool) -> str:
    """The command that does the same again, from any folder."""
    parts = ["python", "data_scripts/prepare_eyepacs.py"]
    parts += ["--source", str(source.resolve()), "--target", str(target.resolve())]
    parts += ["--size", str(size)]
    parts += [] if limit is None else ["--limit", str(limit)]
    parts += ["--overwrite"] if overwrite else []
    return shlex.join(parts)


def main(
    source: Annotated[Path, typer.Option(help="Kaggle's EyePACS files: a folder, or a zip.")],
    target: Annotated[Path, typer.Option(help="Folder for the prepared pictures.")],
    size: Annotated[int, typer.Option(min=8, max=2048, help="Side in pixels.")] = 96,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take only the first so many pictures.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, but write nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another set in the target folder.")
    ] = False,
) -> None:
    """Prepare EyePACS photographs as arrays; run again to go on where it was stopped."""
    try:
        typer.echo(prepare(source, target, size, limit, dry_run, overwrite))
    except CourseError as error:
        typer.echo(f"prepare_eyepacs: {error}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("prepare_eyepacs: stopped; run the same command again to go on", err=True)
        raise typer.Exit(130) from None


if __name__ == "__main__":
    typer.run(main)
