"""Where commands write: a folder that is new, empty, or that the same command has made before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tlhelpers.core.errors import CourseError

Ours = Callable[[Path], bool]


def check_folder(folder: Path, option: str, ours: Ours) -> None:
    """Raise where a command would write among somebody else's files; nothing is made.

    Parameters
    ----------
    folder : path
    option : str
        Which names it: "--out".
    ours : function
        Whether a folder with files in it was made by this command.

    Raises
    ------
    CourseError
        It is a file, or lies below one, cannot be read, or has other files in it.
    """
    _refuse_file(folder, option)
    choose = f"choose a new folder with {option}"
    try:
        foreign = folder.exists() and any(folder.iterdir()) and not ours(folder)
    except OSError as problem:
        raise CourseError(f"Cannot read {folder} ({problem.strerror}): {choose}.") from None
    if foreign:
        raise CourseError(f"{folder} has other files in it, which could be replaced: {choose}.")


def check_file(file: Path, option: str) -> None:
    """Raise where no file can be; whether one that is there may be replaced, its maker knows.

    Parameters
    ----------
    file : path
    option : str
        Which names it: "--out".

    Raises
    ------
    CourseError
        It is a folder, or lies below a file.
    """
    _refuse_file(file.parent, option)
    if file.is_dir():
        raise CourseError(f"{file} is a folder: name a file with {option}.")


def _refuse_file(folder: Path, option: str) -> None:
    """Raise where a file is in a folder's way."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise CourseError(f"{there} is a file: choose a new folder with {option}.")


def with_report(name: str, key: str) -> Ours:
    """What tells a folder of a command by its report, which is `{}` until it has begun.

    Parameters
    ----------
    name : str
        Of the report: "check.json".
    key : str
        That only this command's report has: "checks".
    """

    def ours(folder: Path) -> bool:
        try:
            report = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(report, dict) and (not report or key in report)

    return ours


def with_files(*names: str) -> Ours:
    """What tells a folder of a command by files and folders that nobody else gives it."""
    return lambda folder: all((folder / name).exists() for name in names)


RUN, CHECK = with_report("report.json", "pages"), with_report("check.json", "checks")
SITE = with_files("index.html", "searchindex.js", "_static/site.css")
SLIDES = with_files("index.html", "_static/revealjs", "_static/slides.css")
