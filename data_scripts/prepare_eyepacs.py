"""Prepare EyePACS (Kaggle's Diabetic Retinopathy Detection, 2015) for the course.

Reads Kaggle's files as they are, in a folder or a zip (nothing is ever unpacked)::

    trainLabels.csv               or trainLabels.csv.zip; columns image, level
    images/<patient>_<eye>.jpeg   or in train/, or beside trainLabels.csv,
                                  or in train.zip.001 to train.zip.005

and writes `images.npy`, `index.csv`, `problems.csv` and `about.json` into the target folder.
Each image is cut to the square around its centre and resized to size × size pixels;
colours are left as they are. If the command is stopped, however hard, the same command goes
on where it was, with fetching and with preparing.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tlhelpers.data.prepare import kaggle, photographs, workflow
from tlhelpers.data.prepare.photographs import Photographs
from tlhelpers.data.prepare.workflow import ImageSet, Options

if TYPE_CHECKING:
    import pandas as pd

COMPETITION = "diabetic-retinopathy-detection"
NAME = re.compile(r"(?P<patient>[A-Za-z0-9]+)_(?P<eye>left|right)")
PARTS = 5


def read_name(name: str) -> dict[str, str] | None:
    """Patient and eye, None if it is no such name."""
    match = NAME.fullmatch(name)
    return match and match.groupdict()


def describe(index: pd.DataFrame) -> str:
    """Images, patients and grades in a few words."""
    return (
        f"{len(index):,} images of {index['patient'].nunique():,} patients, "
        f"{photographs.grades_in(index)}"
    )


EYEPACS = ImageSet("eyepacs", "prepare_eyepacs.py", "kaggle", describe)
LAYOUT = Photographs(
    labels="trainLabels.csv",
    columns=("image", "level"),
    folders=("images", "train", "."),
    read_name=read_name,
    name_words="<patient>_left or <patient>_right",
    get_labels="put Kaggle's trainLabels.csv.zip beside the images",
    get_images="put Kaggle's train.zip.001 to train.zip.005 there",
)
# The images to train on; those of the test set are not needed.
FILES = (
    kaggle.competition_file(COMPETITION, "trainLabels.csv.zip", 71_070),
    *(
        kaggle.competition_file(COMPETITION, f"train.zip.{part:03}", 34_990_000_000 // PARTS)
        for part in range(1, PARTS + 1)
    ),
)


def main(
    source: Annotated[
        str,
        typer.Option(
            help="Kaggle's EyePACS files, a folder or a zip; or the word kaggle, to fetch them."
        ),
    ],
    target: workflow.Target,
    size: workflow.Size = 96,
    limit: workflow.Limit = None,
    downloads: workflow.Downloads = None,
    dry_run: workflow.DryRun = False,
    overwrite: workflow.Overwrite = False,
) -> None:
    """Prepare EyePACS photographs as arrays; run again to go on where it was stopped."""
    options = Options(source, target, limit, dry_run, overwrite, downloads, size)
    work = partial(photographs.prepare, EYEPACS, LAYOUT, options, FILES)
    raise typer.Exit(workflow.run_command("prepare_eyepacs", work))


if __name__ == "__main__":
    typer.run(main)
