"""The folder of a room: wheels, the course, a start script, and a list of sums."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tlhelpers.core.errors import CourseError
from tlhelpers.core.files import check_writable, save
from tlhelpers.course.room import copying, fetching, start, wheels
from tlhelpers.course.room.targets import Target

MANIFEST = "manifest.json"
SIZES = {"linux-x86_64": 800e6, "macos-arm64": 450e6, "windows-amd64": 600e6}
"""Bytes of the wheels of one system and Python; what several share is counted each time."""

_SCRATCH = 600e6  # pip holds the largest wheel, TensorFlow's, twice for a moment

_TEMPLATES = Path(__file__).parent


@dataclass
class Made:
    """What came of it."""

    bytes: int = 0
    files: int = 0
    targets: dict[Target, wheels.Chosen] = field(default_factory=dict)
    without: dict[Target, str] = field(default_factory=dict)
    """Targets that could not be served, and why, in one line."""


def make(
    project: Path, room: Path, asked: Iterable[Target], tell: Callable[[str], None] = print
) -> Made:
    """Make a room, or go on with one.

    Parameters
    ----------
    project : Path
        The course.
    room : Path
        The folder; what this command has not put there stays as it is.
    asked : iterable of Target
    tell : callable
        Takes one line for each thing that takes long.

    Returns
    -------
    Made

    Raises
    ------
    CourseError
        Too little room, no connection, or a folder with something else in it.
    """
    asked = list(asked)
    known = _known(room)
    _refuse_foreign(room, known)
    whole, missing = _sizes(room, asked, known)
    _check_space(room, whole, missing)
    check_writable(room)
    tell(
        f"{room}: {len(asked)} pairs of system and Python, up to {whole / 1e9:.1f} GB; up to "
        f"{missing / 1e9:.1f} GB are still to be fetched"
    )
    shelf = room / "wheels"
    if not known:  # first of all: from now on the folder is known as a room
        _note(room, {})
    shelf.mkdir(exist_ok=True)
    fetching.clear(shelf)
    sums = _sound(room, known, tell)
    _note(room, sums)

    made = Made()
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *described["build-system"]["requires"],  # pip makes the package of the course itself
        *described["project"]["dependencies"],
        *described["project"]["optional-dependencies"]["course"],
    ]
    lacking = {
        target: entry.get("no_wheel_of", ())
        for target in asked
        for entry in known.get("targets") or ()
        if (entry.get("platform"), entry.get("python")) == (target.platform.name, target.python)
    }
    constraints = (project / "constraints.txt").read_text(encoding="utf-8")
    for target in asked:

        def get(requirement: str, target: Target = target) -> Path:
            tell(f"{target}: {requirement}")
            file = fetching.fetch(requirement, target, shelf)
            sums[f"wheels/{file.name}"] = _entry(file)
            _note(room, sums)
            return file

        try:
            made.targets[target] = wheels.choose(
                wanted,
                target,
                wheels.pins(constraints, target),
                shelf,
                get,
                lacking.get(target, ()),
            )
        except wheels.Missing as missing:
            instead = ""
            if str(missing) == "tensorflow":
                instead = f"; {target.platform.without_tensorflow}"
            made.without[target] = f"{target}: the index has no wheel of {missing}{instead}."
    if not made.targets:
        raise CourseError(" ".join(made.without.values()))

    tell("Copying the course and writing its sums")
    files = {f"wheels/{f.name}": f for c in made.targets.values() for f in c.wheels.values()}
    files |= _course(project, room)
    files |= _scripts(room, made)
    for name in set(sums) - set(files):  # of a room before: another target, an older version
        (room / name).unlink(missing_ok=True)
    now = {
        name: sums[name] if name.startswith("wheels/") else _entry(file)
        for name, file in files.items()
    }
    _note(room, now, made)
    made.files, made.bytes = len(now) + 1, sum(entry["bytes"] for entry in now.values())
    return made


def verify(room: Path, told: Callable[[int, int], None] | None = None) -> list[str]:
    """What is damaged or missing in a room, a line each.

    Parameters
    ----------
    room : Path
    told : callable, optional
        Called with the bytes read so far, and in all.

    Returns
    -------
    list of str
        Such as "wheels/numpy-2.4.6-….whl: damaged".

    Raises
    ------
    CourseError
        The folder is no room.
    """
    if not (room / MANIFEST).exists():
        raise CourseError(
            f"{room} has no {MANIFEST}: name a folder that tlhelpers offline-room has made."
        )
    known = _known(room)
    if known and known.get("targets") is None:
        raise CourseError(f"{room} is not finished: run tlhelpers offline-room {room} again.")
    return start.damaged(room, told)


def _known(room: Path) -> dict:
    """The manifest that is there; nothing if there is none, or a damaged one."""
    try:
        known = json.loads((room / MANIFEST).read_text(encoding="utf-8"))
        return known if isinstance(known["files"], dict) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _refuse_foreign(room: Path, known: dict) -> None:
    """Raise if a folder has something in it, and no manifest says that it is a room."""
    if not known and room.is_dir() and any(room.iterdir()):
        raise CourseError(
            f"{room} has other files in it, and no whole {MANIFEST} says that it is a room: choose "
            f"a new folder, such as {room / 'room'}."
        )


def _sizes(room: Path, asked: list[Target], known: dict) -> tuple[float, float]:
    """Bytes that the wheels may take, and how many of them are not there yet."""
    held = sum(
        file.stat().st_size
        for name in known.get("files", {})
        if (file := room / name).is_file() and name.startswith("wheels/")
    )
    whole = sum(SIZES[target.platform.name] for target in asked)
    return whole, max(whole - held, 0)


def _check_space(room: Path, whole: float, missing: float) -> None:
    there = room.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise CourseError(f"{there} is a file: choose a folder.")
    needed = missing
    if needed > 0.3 * whole:  # else TensorFlow is there already
        needed += _SCRATCH
    free = shutil.disk_usage(there).free
    if free < needed:
        raise CourseError(
            f"{there} has {free / 1e9:.1f} GB free, and the room may need {needed / 1e9:.1f} GB: "
            "choose another disk, or fewer systems and Pythons."
        )


def _sound(room: Path, known: dict, tell: Callable[[str], None]) -> dict[str, dict]:
    """The entries of what is there with the right sum; a wheel without one is deleted."""
    listed = known.get("files", {})
    if listed:
        tell("Looking through what is there")
    wrong = {line.rsplit(": ", 1)[0] for line in start.damaged(room)} if listed else set()
    sums = {name: entry for name, entry in listed.items() if name not in wrong}
    for file in (room / "wheels").glob("*.whl"):
        if f"wheels/{file.name}" not in sums:
            file.unlink()
    return sums


def _note(room: Path, sums: dict[str, dict], made: Made | None = None) -> None:
    """Write the manifest; without targets as long as the room is not finished."""
    noted = {
        "schema": 1,
        "targets": made
        and [
            {
                "platform": target.platform.name,
                "python": target.python,
                "packages": len(chosen.wheels),
                "not_as_pinned": dict(chosen.differs),
                "no_wheel_of": sorted(chosen.lacking),
            }
            for target, chosen in made.targets.items()
        ],
        "files": dict(sorted(sums.items())),
    }
    save(room / MANIFEST, json.dumps(noted, indent=1) + "\n")


def _entry(file: Path) -> dict:
    return {"sha256": start.sha256(file), "bytes": file.stat().st_size}


def _course(project: Path, room: Path) -> dict[str, Path]:
    """Copy the course; by name in the room, its files."""
    copied = {}
    for file in copying.files(project):
        if (project / file).is_relative_to(room.absolute()):
            continue  # a room inside the course
        target = room / "course" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / file, target)
        copied[f"course/{file.as_posix()}"] = target
    return copied


def _scripts(room: Path, made: Made) -> dict[str, Path]:
    """What starts the course, and what is to be read first."""
    texts = {f"constraints/{target.name}.txt": c.pins() for target, c in made.targets.items()}
    for name in ("start.py", "start.sh", "start.bat", "README.txt"):
        texts[name] = (_TEMPLATES / name).read_text(encoding="utf-8")
    lines = "\n".join(f"  {target}" for target in made.targets)
    texts["README.txt"] = texts["README.txt"].replace("{targets}", lines)
    for name in ("start.bat", "README.txt"):  # what Windows itself reads wants its line ends
        texts[name] = texts[name].replace("\n", "\r\n")
    for name, text in texts.items():
        save(room / name, text)
    return {name: room / name for name in texts}
