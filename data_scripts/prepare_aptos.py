"""Prepare APTOS 2019 (Kaggle's APTOS 2019 Blindness Detection) for the course.

Reads Kaggle's files as they are, a folder or the zip of all of them (which is never unpacked)::

    train.csv                     columns id_code, diagnosis
    train_images/<id_code>.png

and writes `images.npy`, `index.csv`, `problems.csv` and `about.json` into the target folder,
images as `prepare_eyepacs.py` makes them. Which images belong to one patient is not known.
If the command is stopped, however hard, the same command goes on where it was, with fetching
and with preparing.
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

COMPETITION = "aptos2019-blindness-detection"


def read_name(name: str) -> dict[str, str] | None:
    """Nothing more is known than the name; None if it is no such name."""
    return {} if re.fullmatch(r"\w+", name) else None


def describe(index: pd.DataFrame) -> str:
    """Images and grades in a few words."""
    return f"{len(index):,} images, {photographs.grades_in(index)}"


APTOS = ImageSet("aptos", "prepare_aptos.py", "kaggle", describe)
LAYOUT = Photographs(
    labels="train.csv",
    columns=("id_code", "diagnosis"),
    folders=("train_images",),
    read_name=read_name,
    name_words="an id_code of letters and digits",
    get_labels="put Kaggle's train.csv beside the folder train_images",
    get_images="put Kaggle's folder train_images beside train.csv",
)
# One by one the 3,662 images would be as many requests: Kaggle's zip of everything is one.
FILES = (kaggle.whole_competition(COMPETITION, 10_000_000_000),)


def main(
    source: Annotated[
        str,
        typer.Option(
            help="Kaggle's APTOS files, a folder or a zip; or the word kaggle, to fetch them."
        ),
    ],
    target: workflow.Target,
    size: workflow.Size = 96,
    limit: workflow.Limit = None,
    downloads: workflow.Downloads = None,
    dry_run: workflow.DryRun = False,
    overwrite: workflow.Overwrite = False,
) -> None:
    """Prepare APTOS photographs as arrays; run again to go on where it was stopped."""
    options = Options(source, target, limit, dry_run, overwrite, downloads, size)
    work = partial(photographs.prepare, APTOS, LAYOUT, options, FILES)
    raise typer.Exit(workflow.run_command("prepare_aptos", work))


if __name__ == "__main__":
    typer.run(main)
