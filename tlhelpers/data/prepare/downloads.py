"""Fetching files into a downloads folder, where a file has its name only when it is whole.

A folder of downloads holds the files themselves and `fetched.json`, which says of each how many
bytes it has and its MD5 sum. What is not listed there, or has another size, is fetched again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tlhelpers.core import progress
from tlhelpers.core.errors import CourseError
from tlhelpers.core.files import DISK_FULL, write_whole
from tlhelpers.core.locks import locked
from tlhelpers.data.prepare import archives
from tlhelpers.data.prepare.prepared import free_space
from tlhelpers.data.prepare.sources import first_line, readable_bytes

FETCHED = "fetched.json"

TIMEOUT = 30.0
"""Seconds without an answer, or without the next bytes."""

TRIES = 3
PAUSE = 3.0
"""Seconds before the second try, twice that before the third."""


@dataclass(frozen=True)
class Remote:
    """A file to fetch.

    Attributes
    ----------
    name : str
        Its name in the downloads folder.
    where : str
        Where it comes from, for people.
    about_bytes : int
        Roughly how large it is: for what is said and checked before the server is asked.
    get : callable
        Fetches it to a path, so that nothing is there before it is whole. Raises what `requests`
        raises, or a CourseError.
    md5 : str or None
        What its MD5 sum must be, where that is known.
    """

    name: str
    where: str
    about_bytes: int
    get: Callable[[Path], None]
    md5: str | None = None


def plain(url: str, about_bytes: int, md5: str | None = None) -> Remote:
    """A file that anybody may fetch over HTTP."""
    name = url.partition("?")[0].rpartition("/")[2]
    return Remote(name, url, about_bytes, partial(_get, url, md5), md5)


def missing(files: Sequence[Remote], folder: Path) -> list[Remote]:
    """Those files that are not there, or not whole."""
    fetched = _fetched(folder)
    return [file for file in files if not _is_whole(file, folder, fetched)]


def describe(files: Sequence[Remote]) -> str:
    """What would be fetched, in a few words."""
    size = readable_bytes(sum(file.about_bytes for file in files))
    return f"{', '.join(file.name for file in files)} (about {size})"


def fetch(files: Sequence[Remote], folder: Path) -> None:
    """See that all files are in the folder, whole.

    Raises
    ------
    CourseError
        If one cannot be had or kept, or another run is fetching into the folder; the message says
        why and what to do.
    """
    wanted = missing(files, folder)
    if not wanted:
        return  # Without a lock: the folder may be one that cannot be written.
    require_room(folder, sum(_still_to_come(file, folder) for file in wanted))
    with locked(folder, "fetching into"):
        # Another run may have fetched some just before it let go of the lock.
        for file in missing(wanted, folder):
            print(
                f"fetching {describe([file])} from {file.where} into {folder}; "
                f"free {readable_bytes(free_space(folder))}",
                file=sys.stderr,
            )
            with _errors(file, folder):
                folder.mkdir(exist_ok=True)
                _try_a_few_times(file, folder / file.name)
                _open_once(folder / file.name)
                _note(file, folder)


def part_of(path: Path) -> Path:
    """Where what has come of a file lies until it is whole, if fetching can go on from there."""
    return path.with_name(path.name + ".part")


def have_of(path: Path) -> int:
    """Bytes that have come of a file that is not whole."""
    part = part_of(path)
    return part.stat().st_size if part.exists() else 0


def require_room(folder: Path, needed: int) -> None:
    """Stop if the disk cannot take so many bytes.

    Raises
    ------
    CourseError
    """
    free = free_space(folder)
    if needed > free:
        raise CourseError(
            f"not enough room in {folder}: the download needs {readable_bytes(needed)}, "
            f"{readable_bytes(free)} are free; make room, or choose another --downloads"
        )


def wrong_sum(name: str) -> CourseError:
    """What to say when bytes are not those that were sent."""
    return CourseError(
        f"{name} arrived with a wrong checksum and was removed: run the same command again; if "
        "that does not help, fetch it by hand and give its folder as --source"
    )


class Bar:
    """A progress bar as pooch drives it; stops before a file that the disk cannot take."""

    def __init__(self, path: Path):
        self._path, self._bar = path, None

    @property
    def total(self) -> int:
        return self._bar.total if self._bar else 0

    @total.setter
    def total(self, count: int) -> None:
        require_room(self._path.parent, count)
        self._bar = progress.bar(total=count, unit="B", unit_scale=True, desc=self._path.name)

    def update(self, count: int) -> None:
        self._bar.update(count)

    def reset(self) -> None:
        self._bar.reset()

    def close(self) -> None:
        if self._bar:
            self._bar.close()


def _still_to_come(file: Remote, folder: Path) -> int:
    """Bytes that the disk has yet to take; how large the file is, is known roughly only."""
    return max(0, file.about_bytes - have_of(folder / file.name))


def _get(url: str, md5: str | None, path: Path) -> None:
    """Fetch over HTTP; pooch gives the file its name after comparing the checksum."""
    import pooch

    pooch.get_logger().setLevel("ERROR")
    with contextlib.closing(Bar(path)) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=TIMEOUT)
        known = md5 and f"md5:{md5}"
        # What lies under the name is not whole, or `fetch` would not ask; without a checksum
        # pooch would take it for the file.
        if known is None:
            path.unlink(missing_ok=True)
        try:
            pooch.retrieve(url, known, path.name, path.parent, downloader=downloader)
        except ValueError as error:
            if "hash" not in str(error):
                raise
            raise wrong_sum(path.name) from error


def _try_a_few_times(file: Remote, path: Path) -> None:
    """Again after a broken connection; what a server refuses, it refuses again."""
    import requests

    for attempt in range(1, TRIES + 1):
        try:
            return file.get(path)
        except requests.RequestException as error:
            if attempt == TRIES or 400 <= (_status(error) or 0) < 500:
                raise
            print(f"{file.name}: connection broken, trying again", file=sys.stderr)
            time.sleep(PAUSE * attempt)


def _open_once(path: Path) -> None:
    """Remove an archive that is none, or refused: not every server tells length and checksum."""
    if path.suffix not in (".zip", ".gz"):
        return
    try:
        archives.list_path(path).close()
    except CourseError:
        path.unlink()
        raise


@contextlib.contextmanager
def _errors(file: Remote, folder: Path) -> Iterator[None]:
    """Turn what can go wrong on the way into one line that says what to do."""
    import requests

    again = "run the same command again"
    by_hand = "fetch it by hand and give its folder as --source"
    try:
        yield
    except requests.RequestException as error:  # Before OSError: it is one.
        status = _status(error)
        if status == 404:
            what, do = "is not there (404)", by_hand
        elif status in (401, 403):
            what, do = f"is refused ({status})", by_hand
        elif status is not None:
            what, do = f"cannot be had now (the server says {status})", f"{again} later"
        elif isinstance(error, requests.Timeout) or "timed out" in str(error):
            what, do = f"does not come: no answer for {TIMEOUT:g} seconds", f"{again} later"
        elif isinstance(error, requests.exceptions.ChunkedEncodingError):
            what, do = "stopped half-way, nothing of it is used", again
        else:
            what, do = "cannot be reached", f"check the internet connection and {again}"
        raise CourseError(f"{file.name} from {file.where} {what}: {do}") from error
    except OSError as error:
        if error.errno in DISK_FULL:
            what = f"the disk is full, {file.name} does not fit into {folder}"
        else:
            what = f"cannot write {file.name} in {folder} ({error.strerror or first_line(error)})"
        raise CourseError(f"{what}: put that right and {again}") from error


def _status(error: Exception) -> int | None:
    """What the server answered, None if it did not."""
    # A response that is an error is false, so `or` would lose it.
    response = getattr(error, "response", None)
    return None if response is None else response.status_code


def _fetched(folder: Path) -> dict:
    try:
        fetched = json.loads((folder / FETCHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return fetched if isinstance(fetched, dict) else {}


def _is_whole(file: Remote, folder: Path, fetched: dict) -> bool:
    """Whether it was fetched and still has its size; sums of 35 GB would take minutes each time."""
    noted = fetched.get(file.name)
    try:
        size = (folder / file.name).stat().st_size
        return noted["bytes"] == size and file.md5 in (None, noted["md5"])
    except (OSError, TypeError, KeyError):
        return False


def _note(file: Remote, folder: Path) -> None:
    import pooch

    path = folder / file.name
    # pooch has just compared a known sum.
    md5 = file.md5 or pooch.file_hash(path, alg="md5")
    fetched = _fetched(folder) | {file.name: {"bytes": os.stat(path).st_size, "md5": md5}}
    write_whole(folder / FETCHED, json.dumps(fetched, indent=1) + "\n")
