"""Reading real images: the files in a folder or an archive, tables among them, and decoding."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import archives
from tlhelpers.data.prepare.archives import Listing

if TYPE_CHECKING:
    from PIL import Image

LARGEST_FILE = 64 * 2**20
"""Bytes. No photograph of the sets is near this; a larger one is not what it says."""

LARGEST_TABLE = 2**30
"""Bytes. The largest table of the sets, fer2013.csv, has 0.3 GB."""


class BrokenImage(Exception):
    """An image that cannot be used; the message says why, in a few words."""


@dataclass(frozen=True)
class Source(Listing):
    """Files to prepare from, in a folder or an archive.

    Attributes
    ----------
    path : Path
        The folder or archive.
    """

    path: Path

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises
        ------
        BrokenImage
            If the file is damaged in the zip, or larger than any image is.
        CourseError
            If the source itself cannot be read any more (a disk or network that went away).
        """
        if self.sizes[name] > LARGEST_FILE:
            raise BrokenImage(f"{readable_bytes(self.sizes[name])} is too large for this file")
        with self._read_errors(name), self.open(name) as file:
            return file.read()

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a text file (UTF-8), one after the other, however large it is.

        Raises as `read` does, with another size; UnicodeDecodeError if it is not text.
        """
        if self.sizes[name] > LARGEST_TABLE:
            raise BrokenImage(f"{readable_bytes(self.sizes[name])} is too large for a table")
        with self._read_errors(name), self.open(name) as file:
            # newline="": csv.reader wants line ends as they are.
            yield from io.TextIOWrapper(file, encoding="utf-8-sig", newline="")

    @contextlib.contextmanager
    def _read_errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except archives.DAMAGED as error:
            raise BrokenImage(f"damaged in the zip ({first_line(error)})") from error
        except OSError as error:
            raise CourseError(
                f"cannot read {name} in {self.path} ({error.strerror or error}); what was "
                "prepared is kept: put that right and run the same command again"
            ) from error

    def fingerprint(self, names: Sequence[str]) -> str:
        """Sixteen hexadecimal digits that change when one of these files does.

        Cheap: made from paths, sizes and the checksums a zip holds, not from the contents.
        """
        listing = "\n".join(f"{name}\t{self.files[name]}" for name in sorted(names))
        return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def open_source(path: Path | str) -> Source:
    """List a folder, or an archive (which is never unpacked); see `archives.list_path`.

    Close it, or use it in a ``with`` block: an archive stays open to be read from.

    In a folder, the archives that Kaggle hands out count as if they were unpacked there: a zip in
    parts (.zip.001 and so on), a table in a .csv.zip, the tables in a .tar.gz.

    Raises
    ------
    CourseError
        If there is nothing there, it is not a complete archive, or an entry of it is refused.
    """
    path = Path(path)
    if not path.exists():
        raise CourseError(f"no file or folder at {path}: check the path given as --source")
    try:
        listing = archives.list_path(path)
    except OSError as error:
        raise CourseError(f"cannot read {path}: {error.strerror or error}") from error
    return Source(listing.files, listing.sizes, listing.open, listing.handles, path)


def read_table(
    source: Source, path: str, columns: Sequence[str], header: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, one after the other.

    Parameters
    ----------
    source : Source
        Holds the file.
    path : str
        The file's path in it.
    columns : sequence of str
        Columns that must be there; others may.
    header : bool
        Whether the first line names the columns; if not, they are `columns`, in that order.

    Yields
    ------
    int
        The row's line in the file, from 1.
    dict of str to str
        Its value in each column; "" where a short line ends before it.

    Raises
    ------
    CourseError
        If a column is missing, a line has more values than columns, or it is not such a file.
    """
    try:
        reader = csv.DictReader(
            source.lines(path), None if header else list(columns), restval="", strict=True
        )
        there = list(reader.fieldnames or ())
        missing = [column for column in columns if column not in there]
        if missing:
            raise CourseError(
                f"{path} has no column {' and no column '.join(map(repr, missing))} "
                f"(it has {', '.join(there) or 'none'}): the columns must be {','.join(columns)}"
            )
        for row in reader:
            if None in row:
                raise CourseError(f"{path}, line {reader.line_num}: more values than columns")
            yield reader.line_num, row
    except (BrokenImage, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(
            f"{path} in {source.path} is not a table that can be read: {first_line(error)}"
        ) from error


def decode_square(data: bytes, size: int) -> np.ndarray:
    """Decode a JPEG or PNG into a square RGB image.

    The longer side is cut equally at both ends to make a square (in a fundus photograph
    mostly black border), which is then resized with an antialiasing filter. A large JPEG is
    decoded straight to the smallest of 1/2, 1/4, 1/8 that leaves twice the size asked for:
    several times faster, and no difference to the eye.

    Parameters
    ----------
    data : bytes
        The file.
    size : int
        Side of the result in pixels.

    Returns
    -------
    uint8 array, shape (size, size, 3)

    Raises
    ------
    BrokenImage
        If it is not an image, cut short, damaged, or has more pixels than Pillow's
        ``Image.MAX_IMAGE_PIXELS``.
    """
    from PIL import Image, ImageOps

    with _opened(data) as image:
        image.draft("RGB", (2 * size, 2 * size))
        square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.LANCZOS)
        return np.asarray(square)


def decode_grey(data: bytes, size: int) -> np.ndarray:
    """Decode a JPEG or PNG of the right size into a grey image; no pixel is changed.

    Parameters
    ----------
    data : bytes
        The file. Colours are made grey (ITU-R 601, Pillow's "L").
    size : int
        The side it must have, in pixels.

    Returns
    -------
    uint8 array, shape (size, size, 1)

    Raises
    ------
    BrokenImage
        As `decode_square`, and if it has another size.
    """
    with _opened(data) as image:
        if image.size != (size, size):
            raise BrokenImage(f"{image.width} x {image.height} pixels, not {size} x {size}")
        return np.asarray(image.convert("L"))[..., None]


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """An image opened with Pillow; whatever goes wrong with it is a `BrokenImage`."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise BrokenImage(f"{image.width} x {image.height} pixels are too many")
            yield image
    except BrokenImage:
        raise
    except Image.DecompressionBombError as error:
        raise BrokenImage("far more pixels than a photograph has") from error
    except Image.UnidentifiedImageError as error:
        raise BrokenImage("not a JPEG or PNG image") from error
    except Exception as error:  # Pillow's decoders raise almost anything on damaged bytes.
        raise BrokenImage(first_line(error)) from error


def readable_bytes(count: int) -> str:
    """A size for people: 1.5 GB (powers of 1000, as disks are sold)."""
    if count < 1_000_000:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1_000_000_000 else f"{count / 1e9:.1f} GB"


def first_line(error: Exception) -> str:
    """What an exception says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
