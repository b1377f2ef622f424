"""The course's own files: what git tracks or, without git, what no command has made."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from pathlib import Path

from tlhelpers.core.errors import CourseError


def files(project: Path) -> list[Path]:
    """The files of the course, relative to its folder.

    Raises
    ------
    CourseError
        A tracked file is missing, so the copy would not be whole.
    """
    tracked = _tracked(project)
    found = _untouched(project) if tracked is None else tracked
    for file in found:
        if not (project / file).is_file():
            raise CourseError(f"{project / file} is missing: `git checkout {file}` brings it back.")
    return sorted(found)


def _tracked(project: Path) -> list[Path] | None:
    """What git tracks; None without git, or where the folder is no clone's uppermost one."""
    if not (project / ".git").exists():
        return None
    try:
        # A folder of another owner is refused by git unless it is named; nothing is run in it.
        safe = ["git", "-c", f"safe.directory={project}"]
        done = subprocess.run(
            [*safe, "ls-files", "-z"], cwd=project, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def _untouched(project: Path) -> list[Path]:
    """Every file but for what .gitignore names."""
    ignored = project / ".gitignore"
    lines = ignored.read_text(encoding="utf-8").split() if ignored.exists() else []
    patterns = [line for line in lines if not line.startswith("#")]

    def left_out(path: Path) -> bool:
        here = "/" + path.relative_to(project).as_posix()
        return path.name == ".git" or any(
            fnmatch.fnmatch(here, pattern.rstrip("/"))
            if pattern.startswith("/")
            else fnmatch.fnmatch(path.name, pattern.rstrip("/"))
            for pattern in patterns
            if path.is_dir() or not pattern.endswith("/")
        )

    found = []
    for folder, folders, names in os.walk(project):
        here = Path(folder)
        folders[:] = [name for name in folders if not left_out(here / name)]
        found += [(here / n).relative_to(project) for n in names if not left_out(here / n)]
    return found
