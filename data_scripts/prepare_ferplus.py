"""Prepare FER+ (the faces of FER2013 with Microsoft's ten votes a face) for the course.

Reads a folder or a zip (nothing is ever unpacked) in one of two layouts, at the top or in a
folder around everything::

    FER2013Train/*.png     what Microsoft's generate_training_data.py writes; label.csv has
    FER2013Train/label.csv name, box and ten votes, without a header; any of the three folders
    FER2013Valid/...       may be missing
    FER2013Test/...

    fer2013.csv            Kaggle's: emotion, pixels (48 × 48 numbers), Usage; or in
                           fer2013.tar.gz
    fer2013new.csv         Microsoft's: Usage, Image name, ten votes; the same rows in the same
                           order. Rows without a name are no part of FER+ and are left out,
                           as are the three that come again.

and writes `images.npy`, `index.csv` (columns image, split and the ten votes), `problems.csv`
and `about.json` into the target folder, equally from both layouts. Faces are grey, 48 × 48
pixels, unchanged, in the order of their names, and are kept whatever their votes. If the
command is stopped, however hard, the same command goes on where it was, with fetching and with
preparing.

Microsoft publishes two sets of votes. In its label.csv every face has votes of its own. In
fer2013new.csv, and so in what generate_training_data.py writes, exact duplicates share the votes of
one of them: 1,319 of the 32,137 training and validation faces have other votes there, 232
another plurality label, and no duplicates conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.data.prepare import downloads, kaggle, sources, workflow
from tlhelpers.data.prepare.prepared import Problem
from tlhelpers.data.prepare.sources import Source, open_source, read_table
from tlhelpers.data.prepare.workflow import Contents, ImageSet, Options
from tlhelpers.data.votes import COLUMNS

SIZE = 48
LABELS = "label.csv"
FOLDERS = {"FER2013Train": "train", "FER2013Valid": "valid", "FER2013Test": "test"}
USAGES = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
SPLITS = tuple(USAGES.values())
FACES, VOTES = "fer2013.csv", "fer2013new.csv"
FACE_COLUMNS = ("emotion", "pixels", "Usage")
VOTE_COLUMNS = ("Usage", "Image name", *COLUMNS)
MOST_VOTES = 99


def find_folders(source: Source) -> dict[str, str]:
    """Path of the label.csv of each split whose folder holds images, by the split.

    Microsoft's repository holds such folders without images; those do not count.

    Raises
    ------
    CourseError
        If a folder with images has no label.csv, or is there twice.
    """
    found: dict[str, str] = {}
    with_images = sorted({p.parent for p in map(PurePosixPath, source.files) if _is_png(p)})
    for folder in with_images:
        split = FOLDERS.get(folder.name)
        if split is None:
            continue
        path = str(folder / LABELS)
        if split in found:
            raise CourseError(
                f"{source.path} holds more than one {folder.name}: {found[split]} and {path}"
            )
        if path not in source.files:
            raise CourseError(f"{source.path} holds no {path}: make or fetch the folder again")
        found[split] = path
    return {split: found[split] for split in SPLITS if split in found}


def _is_png(path: PurePosixPath) -> bool:
    return path.suffix.lower() == ".png"


def read_folders(source: Source, folders: dict[str, str]) -> Contents:
    """Labels and images of the layout with folders."""
    tables, problems, paths = [], [], {}
    for split, path in folders.items():
        rows = [
            {"image": row["image"], "split": split, **_votes(path, line, row)}
            for line, row in read_table(source, path, ("image", "box", *COLUMNS), header=False)
        ]
        folder = PurePosixPath(path).parent
        images = {
            file.name: str(file)
            for file in map(PurePosixPath, source.files)
            if file.parent == folder and _is_png(file)
        }
        table, again = _in_order(source, path, rows)
        items, left_out = workflow.match_up(table, images)
        tables.append(items)
        problems += again + left_out
        paths |= {name: images[name] for name in items["image"]}
    items = pd.concat(tables, ignore_index=True)
    _refuse_names_in_two_splits(items)
    return Contents(
        items, problems, lambda name: sources.decode_grey(source.read(paths[name]), SIZE)
    )


def _in_order(source: Source, path: str, rows: list[dict]) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows as a table, by split and name, and the rows left out because they come again.

    Microsoft's fer2013new.csv names three images twice, with the same votes. The same name
    with other votes is refused.
    """
    first: dict[str, dict] = {}
    kept, again = [], []
    for row in rows:
        if first.setdefault(row["image"], row) is not row and first[row["image"]] == row:
            again.append(Problem(row["image"], "row that comes again", path))
        else:
            kept.append(row)
    kept.sort(key=lambda row: (SPLITS.index(row["split"]), row["image"]))
    return workflow.label_table(source, path, kept), again


def _refuse_names_in_two_splits(items: pd.DataFrame) -> None:
    twice = items["image"][items["image"].duplicated()]
    if len(twice):
        raise CourseError(f"{twice.iloc[0]} stands in two splits: fetch the set again")


def _votes(path: str, line: int, row: dict[str, str]) -> dict[str, int]:
    """The ten votes of one line, checked."""
    votes = {}
    for column in COLUMNS:
        text = row[column].strip()
        if not text.isdecimal() or int(text) > MOST_VOTES:
            raise CourseError(
                f"{path}, line {line}: {text!r} is not a number of votes for {column}"
            )
        votes[column] = int(text)
    return votes


def read_tables(source: Source, faces: str, votes: str) -> Contents:
    """Labels and images of the layout with two tables; all faces are held in memory (90 MB).

    Raises
    ------
    CourseError
        If the tables do not belong together, or a row of one is wrong; names file and line.
    """
    named, problems = _read_votes(source, votes)
    pixels: dict[str, np.ndarray] = {}
    rows, count = [], 0
    with bar(total=len(named), desc="reading") as progress:
        for count, (line, row) in enumerate(read_table(source, faces, FACE_COLUMNS), start=1):
            progress.update()
            if count > len(named):
                continue  # Counted on, to say how many there are.
            item = named[count - 1]
            split = _split(faces, line, row["Usage"])
            if split != item["split"]:
                raise CourseError(
                    f"{faces}, line {line}: Usage is {row['Usage']}, but row {count} of {votes} "
                    f"is of {item['split']}: the tables must hold the same rows in the same order"
                )
            face = _face(faces, line, row["pixels"])
            if item["image"]:
                pixels[item["image"]] = face  # Twice: the last, as in Microsoft's script.
                rows.append(item)
    if count != len(named):
        raise CourseError(
            f"{faces} holds {count:,} rows and {votes} {len(named):,}: they must hold the same "
            "faces; fetch both again"
        )
    items, again = _in_order(source, votes, rows)
    return Contents(items, problems + again, pixels.__getitem__)


def _read_votes(source: Source, path: str) -> tuple[list[dict], list[Problem]]:
    """Every row of fer2013new.csv, also those without a name, which are problems besides."""
    rows, problems = [], []
    for line, row in read_table(source, path, VOTE_COLUMNS):
        name = row["Image name"].strip()
        votes = _votes(path, line, row)
        rows.append({"image": name, "split": _split(path, line, row["Usage"]), **votes})
        if not name:
            problems.append(Problem(f"{path}, line {line}", "row without image name"))
    return rows, problems


def _split(path: str, line: int, usage: str) -> str:
    if usage.strip() not in USAGES:
        raise CourseError(
            f"{path}, line {line}: Usage is {usage!r}, not one of {', '.join(USAGES)}"
        )
    return USAGES[usage.strip()]


def _face(path: str, line: int, text: str) -> np.ndarray:
    """The pixels of one face, uint8 of shape (48, 48, 1)."""
    try:
        values = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise CourseError(f"{path}, line {line}: pixels must be whole numbers") from error
    if len(values) != SIZE**2:
        raise CourseError(
            f"{path}, line {line}: {len(values):,} pixels, not {SIZE} x {SIZE} = {SIZE**2:,}"
        )
    if values.min() < 0 or values.max() > 255:
        raise CourseError(f"{path}, line {line}: pixels must be from 0 to 255")
    return values.astype(np.uint8).reshape(SIZE, SIZE, 1)


def describe(index: pd.DataFrame) -> str:
    """How many faces each split has, in a few words."""
    counts = index["split"].value_counts()
    there = [f"{split} {counts[split]:,}" for split in SPLITS if split in counts]
    missing = [f"no {split} split" for split in SPLITS if split not in counts]
    return f"{len(index):,} faces: {', '.join(there + missing)}"


FERPLUS = ImageSet(
    "ferplus", "prepare_ferplus.py", "kaggle", describe, count_by="split", channels=1, size=SIZE
)
FILES = (
    kaggle.competition_file(
        "challenges-in-representation-learning-facial-expression-recognition-challenge",
        "fer2013.tar.gz",
        97_000_000,
    ),
    # Of one commit: what is fetched next year is what is fetched today.
    downloads.plain(
        "https://raw.githubusercontent.com/microsoft/FERPlus/"
        f"8ad5426c7b69e86e78afccb42c5f516850f52a28/{VOTES}",
        1_603_000,
    ),
)


def look_into(path: Path, opened: ExitStack) -> tuple[str, Callable[[], Contents]]:
    """Fingerprint of the files used, and what lists them; see `workflow.prepare`.

    Raises
    ------
    CourseError
        If the source is refused, or neither layout is there.
    """
    source = opened.enter_context(open_source(path))
    if folders := find_folders(source):
        used = [
            name for path in folders.values() for name in source.files
            if PurePosixPath(name).parent == PurePosixPath(path).parent
        ]  # fmt: skip
        return source.fingerprint(used), partial(read_folders, source, folders)
    used = _find_tables(source)
    return source.fingerprint(used), partial(read_tables, source, *used)


def _find_tables(source: Source) -> list[str]:
    """Paths of fer2013.csv and fer2013new.csv."""
    paths = {name: workflow.find_one(source, name) for name in (FACES, VOTES)}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise CourseError(
            f"{source.path} holds no {' and no '.join(missing)}, and no images in "
            f"{', '.join(FOLDERS)}: put Kaggle's {FACES} and Microsoft's {VOTES} into one folder"
        )
    return [path for path in paths.values() if path is not None]


def main(
    source: Annotated[
        str,
        typer.Option(
            help="The FER+ files, a folder or a zip; or the word kaggle, to fetch FER2013 from "
            "Kaggle and the votes from Microsoft."
        ),
    ],
    target: workflow.Target,
    limit: workflow.Limit = None,
    downloads: workflow.Downloads = None,
    dry_run: workflow.DryRun = False,
    overwrite: workflow.Overwrite = False,
) -> None:
    """Prepare FER+ faces, 48 pixels, as arrays; run again to go on where it was stopped."""
    options = Options(source, target, limit, dry_run, overwrite, downloads)
    work = partial(workflow.prepare, FERPLUS, options, FILES, look_into)
    raise typer.Exit(workflow.run_command("prepare_ferplus", work))


if __name__ == "__main__":
    typer.run(main)
