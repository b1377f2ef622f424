"""What a folder, a zip or a tar holds, listed and read without unpacking anything.

Nothing is ever written to a path that an archive names, and no more is decompressed than asked
for: an archive can lie about its contents, but it cannot fill the disk.
"""

from __future__ import annotations

import bisect
import io
import itertools
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from tlhelpers.core.errors import CourseError

LARGEST_TAR = 2**30
"""Bytes, decompressed. To list a tar all of it must be decompressed; the one tar of the sets,
fer2013.tar.gz, holds 0.3 GB."""

DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
"""What reading a damaged archive raises."""

_FIRST_PART = re.compile(r"(?P<name>.+\.zip)\.001")


@dataclass(frozen=True)
class Listing:
    """Files under their paths, with '/' between.

    Attributes
    ----------
    files : dict of str to str
        For each file's path, what changes when its content does: size and, in a zip, CRC.
    sizes : dict of str to int
        Size of each file in bytes, decompressed.
    open : callable
        From a path in `files` to a binary stream. Safe to call from several threads.
    handles : ExitStack
        What is open of the archives; `close`, or a ``with`` block, closes it.
    """

    files: dict[str, str]
    sizes: dict[str, int]
    open: Callable[[str], BinaryIO]
    handles: ExitStack

    def close(self) -> None:
        """Close the archives; nothing can be opened any more."""
        self.handles.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def list_path(path: Path) -> Listing:
    """Files of a folder, a zip, a zip in parts (its .001) or the tables in a .tar.gz.

    Hidden files and macOS's ``__MACOSX`` entries are left out.

    Raises
    ------
    CourseError
        If an archive is not complete, or an entry is encrypted, a link, named twice, or points
        outside its folder.
    OSError
        If it cannot be read.
    """
    handles = ExitStack()
    try:
        return _list(path, handles)
    except BaseException:
        handles.close()
        raise


def _list(path: Path, handles: ExitStack) -> Listing:
    """As `list_path`; what it opens goes to `handles`."""
    if path.is_dir():
        return _list_folder(path, handles)
    match = _FIRST_PART.fullmatch(path.name)
    try:
        if path.name.endswith((".tar.gz", ".tgz")):
            return _list_tar(path, handles)
        if match:
            parts = _parts(path.with_name(match["name"]))
            return _list_zip(path, io.BufferedReader(_Joined(parts)), handles)
        return _list_zip(path, path.open("rb"), handles)
    except DAMAGED as error:
        raise CourseError(
            f"{path} is not a complete {_kind(path)} file ({_words(error)}): "
            f"{'fetch its last part, or all of it again' if match else 'fetch it again'}"
        ) from error


def _list_folder(folder: Path, handles: ExitStack) -> Listing:
    """Files of a folder, and those in the archives that Kaggle hands out, as if unpacked."""
    files, sizes, opens, archives = {}, {}, {}, []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _hidden(name)]
        for name in names:
            file = Path(parent, name)
            # A link that leads nowhere is the same as a file that is not there.
            if _hidden(name) or not file.is_file():
                continue
            path = file.relative_to(folder).as_posix()
            sizes[path] = file.stat().st_size
            files[path] = str(sizes[path])
            opens[path] = lambda _, file=file: file.open("rb")
            if name.endswith((".csv.zip", ".tar.gz")) or _FIRST_PART.fullmatch(name):
                archives.append(file)
    unpacked = {PurePosixPath(path).name for path in files}
    for archive in sorted(archives):
        listing = _list(archive, handles)
        base = PurePosixPath(archive.parent.relative_to(folder).as_posix())
        for name in listing.files:
            # What somebody has unpacked already comes first.
            if PurePosixPath(name).name in unpacked:
                continue
            path = str(base / name)
            files[path], sizes[path] = listing.files[name], listing.sizes[name]
            opens[path] = lambda _, open_=listing.open, name=name: open_(name)
    return Listing(files, sizes, lambda path: opens[path](path), handles)


def _list_zip(path: Path, file: BinaryIO, handles: ExitStack) -> Listing:
    handles.enter_context(file)
    archive = handles.enter_context(zipfile.ZipFile(file))
    files: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for entry in archive.infolist():
        # orig_filename: zipfile itself cuts names at a zero byte and translates separators.
        _refuse_unsafe(
            path, entry.orig_filename, stat.S_ISLNK(entry.external_attr >> 16), entry.flag_bits & 1
        )
        if entry.is_dir() or any(map(_hidden, PurePosixPath(entry.filename).parts)):
            continue
        if entry.filename in files:
            raise CourseError(f"{path} holds {entry.filename!r} twice: fetch or make it again")
        files[entry.filename] = f"{entry.file_size} {entry.CRC:08x}"
        sizes[entry.filename] = entry.file_size
    return Listing(files, sizes, archive.open, handles)


def _list_tar(path: Path, handles: ExitStack) -> Listing:
    """The tables in a tar; anything else would need a pass through all of it for each file."""
    sizes: dict[str, int] = {}
    total = 0
    with tarfile.open(path, "r:gz") as archive:
        for entry in archive:
            _refuse_unsafe(path, entry.name, not (entry.isfile() or entry.isdir()))
            total += entry.size  # Known before any of it is decompressed.
            if total > LARGEST_TAR:
                raise CourseError(
                    f"{path} is refused: it unpacks to more than {LARGEST_TAR / 1e9:.1f} GB; "
                    "fetch the original"
                )
            parts = PurePosixPath(entry.name).parts
            if entry.isfile() and parts[-1].endswith(".csv") and not any(map(_hidden, parts)):
                sizes[entry.name] = entry.size
    return Listing(
        {name: str(size) for name, size in sizes.items()},
        sizes,
        lambda name: handles.enter_context(tarfile.open(path, "r:gz")).extractfile(name),
        handles,
    )


def _refuse_unsafe(path: Path, name: str, link: bool, encrypted: bool = False) -> None:
    """Stop at an entry that no honest archive of images holds."""
    name = name.replace("\\", "/")
    outside = name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/")
    if outside or "\0" in name:
        reason = "points outside its folder"
    elif link:
        reason = "is a link, not a file"
    elif encrypted:
        reason = "is encrypted"
    else:
        return
    raise CourseError(
        f"{path} is refused: its entry {name!r} {reason}; fetch the original {_kind(path)}"
    )


def _parts(whole: Path) -> list[Path]:
    """The files .001, .002 and so on that a file was cut into.

    Raises
    ------
    CourseError
        If one is missing, or shorter than the others before the last.
    """
    found = {
        int(file.suffix[1:]): file
        for file in whole.parent.glob(f"{whole.name}.*")
        if re.fullmatch(r"\.\d{3}", file.suffix)
    }
    for number in range(1, max(found) + 1):
        if number not in found:
            raise CourseError(
                f"{whole.parent} holds no {whole.name}.{number:03}, one of the parts of "
                f"{whole.name}: fetch it as well"
            )
    parts = [found[number] for number in sorted(found)]
    size = parts[0].stat().st_size
    for part in parts[1:-1]:
        if part.stat().st_size != size:
            raise CourseError(
                f"{part} has {part.stat().st_size:,} bytes and {parts[0].name} {size:,}, though "
                "all parts but the last are equally long: fetch it again"
            )
    return parts


class _Joined(io.RawIOBase):
    """Several files read as one."""

    def __init__(self, paths: list[Path]):
        self._files = [path.open("rb", buffering=0) for path in paths]
        sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        self._starts = [0, *itertools.accumulate(sizes)]
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        if origin + offset < 0:
            raise OSError(22, "before the start of the file")
        self._place = origin + offset
        return self._place

    def readinto(self, buffer) -> int:
        if self._place >= self._starts[-1]:
            return 0
        part = bisect.bisect_right(self._starts, self._place) - 1
        file = self._files[part]
        file.seek(self._place - self._starts[part])
        count = file.readinto(memoryview(buffer)[: self._starts[part + 1] - self._place])
        self._place += count
        return count

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _kind(path: Path) -> str:
    return "tar" if path.name.endswith((".tar.gz", ".tgz")) else "zip"


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
