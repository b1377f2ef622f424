"""Prepared image sets: decoded once into a folder of arrays, in steps that survive a kill.

A prepared folder holds::

    images.npy    uint8, shape (n, size, size, channels): 3 for RGB, 1 for grey
    index.csv     one line per image, in the order of images.npy
    problems.csv  what was left out, and why
    about.json    where it came from, counts; written last: its presence marks the set complete

While a set is being prepared there are `images.partial.npy`, to which each image is
appended, and `progress.jsonl`, one line per image with its checksum. A run that was killed
trusts the longest stretch of lines whose checksums agree with the pixels, and goes on there.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import shutil
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.core.files import DISK_FULL, write_whole
from tlhelpers.core.locks import locked
from tlhelpers.core.progress import bar
from tlhelpers.data.prepare.sources import BrokenImage, first_line, readable_bytes

if TYPE_CHECKING:
    import pandas as pd

IMAGES, PARTIAL = "images.npy", "images.partial.npy"
INDEX, PROBLEMS, ABOUT, PROGRESS = "index.csv", "problems.csv", "about.json", "progress.jsonl"

LAYOUT_VERSION = 1
"""Raised when images prepared before would come out differently now."""

WORKERS = 2
BLOCK = 64
"""Images handed to the workers at a time; bounds the memory for decoded images."""


@dataclass(frozen=True)
class Prepared:
    """A complete prepared set.

    Attributes
    ----------
    folder : Path
        Where it lies.
    images : uint8 memory map, shape (n, size, size, channels)
        Read-only.
    index : DataFrame, n rows
        Columns `image`, the image's name, and what the set knows about each image.
    about : dict
        The content of about.json.
    """

    folder: Path
    images: np.ndarray
    index: pd.DataFrame
    about: dict

    @property
    def bytes_on_disk(self) -> int:
        """Size of the folder's files in bytes."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())


def load_prepared(folder: Path | str, name: str, command: str) -> Prepared:
    """Open a prepared folder; the images stay on disk until they are used.

    Parameters
    ----------
    folder : path
        The prepared folder.
    name : str
        Which set it must hold, as in about.json ("eyepacs").
    command : str
        The command that makes such a folder, for the error message.

    Raises
    ------
    CourseError
        If the folder is missing, not complete, holds another set, or is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"no prepared images at {folder}: make them with `{command}`")
    if not (folder / ABOUT).exists():
        log = _read_log(folder)
        if log is None:
            raise CourseError(f"{folder} holds no prepared images: make them with `{command}`")
        raise CourseError(f"{folder} is not complete: go on with `{log.command}`")
    about = read_about(folder)
    if about["job"]["name"] != name:
        raise CourseError(f"{folder} holds {about['job']['name']} images, not {name} images")
    try:
        images = np.load(folder / IMAGES, mmap_mode="r")
        index = _read_index(folder / INDEX)
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(folder, first_line(error)) from error
    if not len(images) == len(index) == about["count"]:
        raise _damaged(folder, f"{len(images)} images, {len(index)} lines in {INDEX}")
    return Prepared(folder, images, index, about)


def read_about(folder: Path) -> dict:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return about | {"job": dict(about["job"]), "count": int(about["count"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{ABOUT} cannot be read") from error


def _read_index(path: Path) -> pd.DataFrame:
    import pandas as pd

    # Names and patients are labels, not numbers: 007 is not 7, and "NA" is a name.
    return pd.read_csv(path, dtype={"image": str, "patient": str}, keep_default_na=False)


def _damaged(folder: Path, what: str) -> CourseError:
    return CourseError(f"{folder} is damaged ({what}): delete the folder and prepare it again")


@dataclass(frozen=True)
class Preparation:
    """What is being prepared; a target is only ever continued by the same one.

    Attributes
    ----------
    name : str
        The set: "eyepacs" or "ferplus".
    source : str
        Name of the zip or folder; for people, a moved source is still the same.
    fingerprint : str
        `Source.fingerprint` of the files used.
    size : int
        Side of the images in pixels.
    limit : int or None
        Images at most; None for all.
    command : str
        The command that does this, shown where it has to be run again.
    channels : int
        3 for RGB, 1 for grey. Goes with the name, so it is not part of `identity`.
    """

    name: str
    source: str
    fingerprint: str
    size: int
    limit: int | None
    command: str
    channels: int = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one image."""
        return (self.size, self.size, self.channels)

    @property
    def identity(self) -> dict:
        """What must be the same for images of two runs to stand in one set."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "size": self.size,
            "limit": self.limit,
            "layout": LAYOUT_VERSION,
        }


class Problem(NamedTuple):
    """Something left out: the image's name, what is wrong, details."""

    image: str
    problem: str
    why: str = ""


BROKEN = "broken image"


def problem_table(problems: Sequence[Problem]) -> pd.DataFrame:
    """Problems as a table, a row each."""
    import pandas as pd

    return pd.DataFrame(problems, columns=list(Problem._fields))


def read_problems(folder: Path) -> pd.DataFrame:
    """The same table from the problems.csv of a prepared folder."""
    import pandas as pd

    return pd.read_csv(folder / PROBLEMS, dtype=str, keep_default_na=False)


class _Entry(NamedTuple):
    """One line of the progress file: an image with its pixels' CRC, or why it is broken."""

    image: str
    crc: int | None
    why: str = ""


@dataclass(frozen=True)
class _Log:
    """First line of the progress file: whose progress it is."""

    identity: dict
    command: str


def is_complete(target: Path, preparation: Preparation, overwrite: bool = False) -> bool:
    """Whether the target already holds all of this preparation; False if it is to be begun or
    continued.

    Raises
    ------
    CourseError
        If the target holds something else and `overwrite` is False, or cannot be a folder.
    """
    if target.exists() and not target.is_dir():
        raise CourseError(f"{target} is a file: give a folder as --target")
    if (target / ABOUT).exists():
        held = read_about(target)["job"]
    elif log := _read_log(target):
        held = log.identity
    else:
        strangers = [name for name in (IMAGES, PARTIAL, INDEX) if (target / name).exists()]
        if strangers and not overwrite:
            raise CourseError(
                f"{target} already holds a {strangers[0]} that is not from this command: "
                "choose another --target, or add --overwrite"
            )
        return False
    if held == preparation.identity:
        return (target / ABOUT).exists()
    if not overwrite:
        raise CourseError(
            f"{target} holds images prepared {_difference(held, preparation.identity)}: "
            "choose another --target, or add --overwrite to replace them"
        )
    return False


def space_needed(images: int, shape: tuple[int, int, int]) -> int:
    """Bytes for so many images of a shape with their tables (about 300 bytes a line)."""
    return images * (math.prod(shape) + 300) + 2**20


def free_space(target: Path) -> int:
    """Free bytes on the disk that a folder, existing or not yet, lies on."""
    folder = target.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def write_prepared(
    target: Path,
    items: pd.DataFrame,
    decode: Callable[[str], np.ndarray],
    preparation: Preparation,
    problems: Sequence[Problem] = (),
    count_by: str = "grade",
    overwrite: bool = False,
) -> Prepared:
    """Decode images into a prepared folder, going on where an earlier run stopped.

    Parameters
    ----------
    target : Path
        The folder; made if missing.
    items : DataFrame
        One row per image, the columns of index.csv. Column `image` names each image.
    decode : callable
        From an image's name to a uint8 array of shape `preparation.shape`. Called from worker
        threads, once per image. Raises `BrokenImage` for one to leave out.
    preparation : Preparation
        What this is; kept in about.json.
    problems : sequence of Problem
        What is known to be left out before decoding.
    count_by : str
        Column of `items` whose values are counted in about.json.
    overwrite : bool
        Replace what another preparation left in the target. A finished or begun set of the same
        preparation is kept.

    Returns
    -------
    Prepared

    Raises
    ------
    CourseError
        If the target holds something else, the disk is or gets full, another run is busy in
        the target, or no image could be read. What was done is kept.
    """
    target = Path(target)
    if is_complete(target, preparation, overwrite):
        return load_prepared(target, preparation.name, preparation.command)
    _require_space(target, preparation, len(items))
    with _disk_errors(target), locked(target, "preparing"):
        # Another run may have finished just before it let go of the lock.
        if not is_complete(target, preparation, overwrite):
            target.mkdir(exist_ok=True)
            entries = _write_images(target, list(items["image"]), decode, preparation)
            _finish(target, items, entries, preparation, list(problems), count_by)
    return load_prepared(target, preparation.name, preparation.command)


def _require_space(target: Path, preparation: Preparation, images: int) -> None:
    """Stop with one line, before anything is touched, if the disk cannot take the images."""
    log = _read_log(target)
    partial = target / PARTIAL
    goes_on = log is not None and log.identity == preparation.identity and partial.exists()
    needed = space_needed(images, preparation.shape) - (partial.stat().st_size if goes_on else 0)
    free = free_space(target)
    if needed > free:
        raise CourseError(
            f"not enough room for {target}: {images:,} images need {readable_bytes(needed)} "
            f"more, {readable_bytes(free)} are free; make room, or use a smaller --size or --limit"
        )


def _write_images(
    target: Path, names: list[str], decode: Callable[[str], np.ndarray], preparation: Preparation
) -> list[_Entry]:
    """Append every image not yet there to the partial file; what became of all of them."""
    _begin_or_go_on(target, preparation, len(names))
    with (target / PARTIAL).open("r+b") as pixels, (target / PROGRESS).open("r+b") as log:
        entries = _trusted_entries(pixels, log, names, preparation.shape)
        left = names[len(entries) :]
        with (
            bar(total=len(names), initial=len(entries), desc="preparing") as progress,
            # Closed, not just dropped: after a full disk no worker may decode on.
            contextlib.closing(_decoded(left, decode)) as decoded,
        ):
            for name, image in decoded:
                entries.append(_append(pixels, log, name, image, preparation.shape))
                progress.update()
    if not any(entry.crc is not None for entry in entries):
        raise CourseError(
            f"none of the {len(names):,} images in {preparation.source} could be read"
        )
    return entries


def _decoded(
    names: list[str], decode: Callable[[str], np.ndarray]
) -> Iterator[tuple[str, np.ndarray | BrokenImage]]:
    """Each name with its image, in order, decoded by a few threads (Pillow frees the GIL)."""
    from PIL import Image

    def attempt(name: str) -> np.ndarray | BrokenImage:
        try:
            return decode(name)
        except BrokenImage as broken:
            return broken

    with ThreadPoolExecutor(WORKERS) as pool, warnings.catch_warnings():
        # `decode` reports such an image as broken; Pillow need not warn as well.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            for start in range(0, len(names), BLOCK):
                block = names[start : start + BLOCK]
                yield from zip(block, pool.map(attempt, block), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _append(
    pixels: BinaryIO,
    log: BinaryIO,
    name: str,
    image: np.ndarray | BrokenImage,
    shape: tuple[int, int, int],
) -> _Entry:
    """Write one image, then the line that says it is there: never the other way round."""
    if isinstance(image, BrokenImage):
        entry = _Entry(name, None, str(image))
    else:
        if image.shape != shape or image.dtype != np.uint8:
            raise ValueError(f"decode gave {image.dtype} {image.shape} for {name}")
        data = np.ascontiguousarray(image).tobytes()
        pixels.write(data)
        pixels.flush()
        entry = _Entry(name, zlib.crc32(data))
    log.write(json.dumps(entry).encode() + b"\n")
    log.flush()
    return entry


def _begin_or_go_on(target: Path, preparation: Preparation, images: int) -> None:
    """See that the partial file and this job's progress file are there.

    The steps are ordered so that a kill between any two leaves a state that this function, or
    `is_complete`, understands.
    """
    log = _read_log(target)
    if log is None or log.identity != preparation.identity:
        header = json.dumps({"job": preparation.identity, "command": preparation.command})
        write_whole(target / PROGRESS, header + "\n")
        (target / ABOUT).unlink(missing_ok=True)
        for name in (IMAGES, PARTIAL, INDEX, PROBLEMS):
            (target / name).unlink(missing_ok=True)
    partial = target / PARTIAL
    if not partial.exists():
        if (target / IMAGES).exists():  # Killed between the renaming and about.json.
            (target / IMAGES).replace(partial)
        else:
            partial.write_bytes(_npy_header((images, *preparation.shape)))


def _trusted_entries(
    pixels: BinaryIO, log: BinaryIO, names: list[str], shape: tuple[int, int, int]
) -> list[_Entry]:
    """Entries whose pixels are there and unharmed; both files are cut after the last of them.

    A power cut may leave lines without their pixels, a kill half a line or half an image.
    """
    lines = log.read().split(b"\n")[:-1]  # What follows the last line end is half a line.
    log_end = len(lines[0]) + 1
    pixels_end = pixels.seek(len(_npy_header((len(names), *shape))))
    entries: list[_Entry] = []
    for name, line in zip(names, lines[1:], strict=False):
        entry = _parse_entry(line)
        if entry is None or entry.image != name:
            break
        if entry.crc is not None:
            if zlib.crc32(pixels.read(math.prod(shape))) != entry.crc:
                break
            pixels_end = pixels.tell()
        log_end += len(line) + 1
        entries.append(entry)
    for file, end in ((pixels, pixels_end), (log, log_end)):
        file.truncate(end)
        file.seek(end)
    return entries


def _parse_entry(line: bytes) -> _Entry | None:
    try:
        return _Entry(*json.loads(line))
    except (ValueError, TypeError):
        return None


def _read_log(folder: Path) -> _Log | None:
    """The progress file, or None if there is none that can be read."""
    try:
        with (folder / PROGRESS).open("rb") as file:
            content = json.loads(file.readline())
        return _Log(content["job"], content["command"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _npy_header(shape: tuple[int, int, int, int]) -> bytes:
    """Start of an .npy file; equally long for every count, so it can be rewritten in place."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


def _finish(
    target: Path,
    items: pd.DataFrame,
    entries: list[_Entry],
    preparation: Preparation,
    problems: list[Problem],
    count_by: str,
) -> None:
    """Write the tables, give the images their final name, and mark the set complete."""
    import PIL

    kept = items[[entry.crc is not None for entry in entries]]
    problems = problems + [Problem(e.image, BROKEN, e.why) for e in entries if e.crc is None]
    table = kept.to_csv(index=False, lineterminator="\n")
    checksums = ",".join(str(entry.crc) for entry in entries if entry.crc is not None)
    with (target / PARTIAL).open("r+b") as pixels:
        pixels.write(_npy_header((len(kept), *preparation.shape)))
        pixels.flush()
        os.fsync(pixels.fileno())
    write_whole(target / INDEX, table)
    listing = problem_table(problems)
    write_whole(target / PROBLEMS, listing.to_csv(index=False, lineterminator="\n"))
    (target / PARTIAL).replace(target / IMAGES)
    about = {
        "source": preparation.source,
        "job": preparation.identity,
        "count": len(kept),
        "counts": {str(k): int(n) for k, n in kept[count_by].value_counts().sort_index().items()},
        "skipped": dict(Counter(problem.problem for problem in problems)),
        "fingerprint": hashlib.sha256((table + checksums).encode()).hexdigest()[:16],
        "prepared": datetime.now(UTC).isoformat(timespec="seconds"),
        "pillow": PIL.__version__,
        "command": preparation.command,
    }
    write_whole(target / ABOUT, json.dumps(about, indent=2) + "\n")
    (target / PROGRESS).unlink()


@contextlib.contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Turn a failure to write into one line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            what = f"the disk is full, {target} cannot grow"
        else:
            what = f"cannot write in {target} ({error.strerror or error})"
        raise CourseError(
            f"{what}; what was prepared is kept: put that right and run the same command again"
        ) from error


def _difference(held: dict, wanted: dict) -> str:
    """Which of a job's choices differ, for a message."""
    for key, text in (
        ("name", "from another set ({})"),
        ("size", "at another size ({} pixels)"),
        ("limit", "with another limit ({})"),
        ("layout", "by another version of this command ({})"),
    ):
        if held.get(key) != wanted[key]:
            return text.format(held.get(key))
    return "from another source, or this one has changed since"
