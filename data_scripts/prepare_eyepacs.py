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

import re
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd
import typer

from tlhelpers.data import preparing, sources
from tlhelpers.data.prepared import Job
from tlhelpers.data.preparing import Contents
from tlhelpers.data.sources import Source, read_table
from tlhelpers.errors import CourseError

LABELS = "trainLabels.csv"
COLUMNS = ("image", "level")
PICTURE_FOLDERS = ("images", "train", ".")
PICTURE_SUFFIXES = (".jpeg", ".jpg", ".png")
NAME = re.compile(r"(?P<patient>[A-Za-z0-9]+)_(?P<eye>left|right)")
GRADES = ("0", "1", "2", "3", "4")


def find_labels(source: Source) -> str:
    """Path of trainLabels.csv in the source, at the top or in a folder around everything.

    Raises
    ------
    CourseError
        If there is none, or more than one.
    """
    path = preparing.find_one(source, LABELS)
    if path is None:
        raise CourseError(
            f"{source.path} holds no {LABELS}: unpack Kaggle's {LABELS}.zip beside the pictures"
        )
    return path


def read_labels(source: Source, path: str) -> pd.DataFrame:
    """The labels as a table with columns image, patient, eye (str) and grade (int), in order.

    Raises
    ------
    CourseError
        If a column is missing or a line is wrong; the message names the line.
    """
    rows = [_label(path, line, row) for line, row in read_table(source, path, COLUMNS)]
    return preparing.label_table(source, path, rows)


def _label(path: str, line: int, row: dict) -> dict:
    """One checked line of the labels."""
    image, level = row["image"], row["level"]
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


def describe(index: pd.DataFrame) -> str:
    """Pictures, patients and grades in a few words."""
    grades = " / ".join(f"{(index['grade'] == int(grade)).sum():,}" for grade in GRADES)
    return (
        f"{len(index):,} pictures of {index['patient'].nunique():,} patients, grades 0-4: {grades}"
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
    source = preparing.open_for(source_path, target)
    labels_path = find_labels(source)
    labels = read_labels(source, labels_path)
    pictures = find_pictures(source, PurePosixPath(labels_path).parent)
    items, problems = preparing.match_up(labels, pictures)
    contents = Contents(
        items, problems, lambda name: sources.decode_square(source.read(pictures[name]), size)
    )
    options = {"--source": source_path, "--target": target, "--size": size, "--limit": limit}
    job = Job(
        name="eyepacs",
        source=source_path.resolve().name,
        fingerprint=source.fingerprint([labels_path, *pictures.values()]),
        size=size,
        limit=limit,
        command=preparing.command_line("prepare_eyepacs.py", options | {"--overwrite": overwrite}),
    )
    return preparing.run_job(job, target, lambda: contents, describe, "grade", dry_run, overwrite)


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
    work = partial(prepare, source, target, size, limit, dry_run, overwrite)
    raise typer.Exit(preparing.run_command("prepare_eyepacs", work))


if __name__ == "__main__":
    typer.run(main)
