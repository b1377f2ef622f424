"""What the sets of fundus photographs share: a table of grades beside a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import sources, workflow
from tlhelpers.data.prepare.downloads import Remote
from tlhelpers.data.prepare.sources import Source, open_source, read_table
from tlhelpers.data.prepare.workflow import Contents, ImageSet, Options

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".jpeg", ".jpg", ".png")
GRADES = ("0", "1", "2", "3", "4")


@dataclass(frozen=True)
class Photographs:
    """How a set of photographs lies in its files.

    Attributes
    ----------
    labels : str
        Name of the table of grades, at the top or in a folder around everything.
    columns : (str, str)
        Its columns with an image's name and its grade.
    folders : tuple of str
        Where the images may lie, seen from the table; "." is beside it.
    read_name : callable
        From an image's name to what else the index says about it; None if it is no such name.
    name_words : str
        What a name has to be, for the message.
    get_labels, get_images : str
        What to do if there is no table, or there are no images.
    """

    labels: str
    columns: tuple[str, str]
    folders: tuple[str, ...]
    read_name: Callable[[str], dict[str, str] | None]
    name_words: str
    get_labels: str
    get_images: str


def prepare(
    image_set: ImageSet, photographs: Photographs, options: Options, files: Sequence[Remote]
) -> str:
    """Prepare a set of photographs; the closing line. See `preparing.prepare`."""
    look_into = partial(_look_into, photographs, options.size)
    return workflow.prepare(image_set, options, files, look_into)


def grades_in(index: pd.DataFrame) -> str:
    """Number of images of each grade, for a closing line."""
    counts = " / ".join(f"{(index['grade'] == int(grade)).sum():,}" for grade in GRADES)
    return f"grades 0-4: {counts}"


def _look_into(
    photographs: Photographs, size: int, path: Path, opened: ExitStack
) -> tuple[str, Callable[[], Contents]]:
    source = opened.enter_context(open_source(path))
    labels_path = _find_labels(photographs, source)
    labels = _read_labels(photographs, source, labels_path)
    images = _find_images(photographs, source, PurePosixPath(labels_path).parent)
    items, problems = workflow.match_up(labels, images)
    contents = Contents(
        items, problems, lambda name: sources.decode_square(source.read(images[name]), size)
    )
    return source.fingerprint([labels_path, *images.values()]), lambda: contents


def _find_labels(photographs: Photographs, source: Source) -> str:
    path = workflow.find_one(source, photographs.labels)
    if path is None:
        raise CourseError(f"{source.path} holds no {photographs.labels}: {photographs.get_labels}")
    return path


def _read_labels(photographs: Photographs, source: Source, path: str) -> pd.DataFrame:
    """The labels in order: column image, what the names say (str), and grade (int)."""
    rows = [
        _label(photographs, path, line, row)
        for line, row in read_table(source, path, photographs.columns)
    ]
    return workflow.label_table(source, path, rows)


def _label(photographs: Photographs, path: str, line: int, row: dict) -> dict:
    """One checked line of the labels."""
    image, grade = (row[column] for column in photographs.columns)
    known = photographs.read_name(image)
    if known is None:
        raise CourseError(
            f"{path}, line {line}: the name {image!r} is not {photographs.name_words}"
        )
    if grade not in GRADES:
        raise CourseError(
            f"{path}, line {line}: the {photographs.columns[1]} of {image} is {grade!r}, not 0 to 4"
        )
    return {"image": image, **known, "grade": int(grade)}


def _find_images(photographs: Photographs, source: Source, base: PurePosixPath) -> dict[str, str]:
    """Path of each image by its name without suffix."""
    folders = {base / folder for folder in photographs.folders}
    images: dict[str, str] = {}
    for name in source.files:
        path = PurePosixPath(name)
        if path.parent not in folders or path.suffix.lower() not in SUFFIXES:
            continue
        if path.stem in images:
            raise CourseError(
                f"two images are called {path.stem}, {images[path.stem]} and {name}: keep one"
            )
        images[path.stem] = name
    if not images:
        places = " or ".join(
            f"beside {photographs.labels}" if folder == "." else f"in {folder}/"
            for folder in photographs.folders
        )
        raise CourseError(f"{source.path} holds no images {places}: {photographs.get_images}")
    return images
