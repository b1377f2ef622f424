"""Prepare RetinaMNIST (fundus photographs of DeepDRiD, in MedMNIST's sizes) for the course.

Reads one of the published files retinamnist_64.npz, retinamnist_128.npz or retinamnist_224.npz,
or a folder that holds it: the smallest that is at least as large as the images asked for. It
has to be as published, byte by byte.

Writes `images.npy`, `index.csv` (columns image, split, grade), `problems.csv` and `about.json`
into the target folder: 1,600 images, made smaller where the size asks for it and otherwise
unchanged. Which images belong to one patient is not known. If the command is stopped, however
hard, the same command goes on where it was.

RetinaMNIST is published under CC BY 4.0.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import downloads, photographs, workflow
from tlhelpers.data.prepare.downloads import Remote
from tlhelpers.data.prepare.workflow import Contents, ImageSet, Options

if TYPE_CHECKING:
    import pandas as pd

SUMS = {
    64: "afda852cc34dcda56f86ad2b2457dbcc",
    128: "e48e916a24454daf90583d4e6efb1a18",
    224: "eae7e3b6f3fcbda4ae613ebdcbe35348",
}
"""MD5 sum of the published file of each size."""

URL = "https://zenodo.org/records/10519652/files/{name}?download=1"
SPLITS = {"train": 1080, "val": 120, "test": 400}


def file_for(size: int) -> tuple[int, str]:
    """Side of the images in the file to make images of this size from, and its name."""
    side = min(side for side in SUMS if side >= size)
    return side, f"retinamnist_{side}.npz"


def remote(size: int) -> Remote:
    """The same, to be fetched."""
    side, name = file_for(size)
    pixels = sum(SPLITS.values()) * side * side * 3  # They compress little.
    return downloads.plain(URL.format(name=name), pixels, SUMS[side])


def describe(index: pd.DataFrame) -> str:
    """Splits and grades in a few words."""
    counts = index["split"].value_counts()
    splits = ", ".join(f"{split} {counts[split]:,}" for split in SPLITS if split in counts)
    return f"{len(index):,} images ({splits}), {photographs.grades_in(index)}"


RETINAMNIST = ImageSet("retinamnist", "prepare_retinamnist.py", "zenodo", describe)


def look_into(size: int, path: Path, _: ExitStack) -> tuple[str, Callable[[], Contents]]:
    """Checksum of the file used, and what reads it; see `preparing.prepare`.

    Raises
    ------
    CourseError
        If the file is not there, or not the published one.
    """
    import pooch

    side, name = file_for(size)
    file = path / name if path.is_dir() else path
    if not file.exists():
        raise CourseError(f"no file at {file}: images of {size} pixels are made from {name}")
    try:
        md5 = pooch.file_hash(str(file), alg="md5")
    except OSError as error:
        raise CourseError(f"cannot read {file}: {error.strerror or error}") from error
    if md5 != SUMS[side]:
        raise CourseError(
            f"{file} is not the published {name}, from which images of {size} pixels are made "
            f"(its MD5 sum is {md5}, not {SUMS[side]}): fetch that"
        )
    return md5, partial(read, file, size)


def read(path: Path, size: int) -> Contents:
    """Labels of the file; its images are read when they are asked for."""
    import pandas as pd

    with np.load(path, allow_pickle=False) as arrays:
        rows = [
            {"image": f"{split}_{number:04}", "split": split, "grade": int(grade)}
            for split in SPLITS
            for number, grade in enumerate(arrays[f"{split}_labels"][:, 0])
        ]
    return Contents(pd.DataFrame(rows), [], Images(path, size))


class Images:
    """From a name to its image; holds the images of one split at a time (up to 160 MB)."""

    def __init__(self, path: Path, size: int):
        self._path, self._size = path, size
        self._split, self._images = "", None
        self._lock = threading.Lock()  # Several threads decode.

    def __call__(self, name: str) -> np.ndarray:
        from PIL import Image

        split, number = name.split("_")
        with self._lock:
            if split != self._split:
                self._images = None  # Not two at a time.
                with np.load(self._path, allow_pickle=False) as arrays:
                    self._images = arrays[f"{split}_images"]
                self._split = split
            image = Image.fromarray(self._images[int(number)])
        if image.width != self._size:
            image = image.resize((self._size, self._size), Image.Resampling.LANCZOS)
        return np.asarray(image)


def main(
    source: Annotated[
        str,
        typer.Option(
            help="A RetinaMNIST file or the folder it is in; or the word zenodo, to fetch it."
        ),
    ],
    target: workflow.Target,
    size: Annotated[int, typer.Option(min=8, max=max(SUMS), help="Side in pixels.")] = 96,
    limit: workflow.Limit = None,
    downloads: workflow.Downloads = None,
    dry_run: workflow.DryRun = False,
    overwrite: workflow.Overwrite = False,
) -> None:
    """Prepare RetinaMNIST images as arrays; run again to go on where it was stopped."""
    options = Options(source, target, limit, dry_run, overwrite, downloads, size)
    work = partial(
        workflow.prepare, RETINAMNIST, options, (remote(size),), partial(look_into, size)
    )
    raise typer.Exit(workflow.run_command("prepare_retinamnist", work))


if __name__ == "__main__":
    typer.run(main)
