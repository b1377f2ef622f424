"""Which wheels a target needs: from what the course asks for, down to what needs nothing more.

pip cannot answer this for another system. It asks the markers of requirements, such as
``sys_platform == "win32"``, about the machine that it runs on (``pip download --platform windows``
on Linux brings no colorama). So the walk is done here. There is nothing to solve: constraints.txt
says which version of what.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from tlhelpers.core.errors import CourseError
from tlhelpers.course.room.fetching import NoWheel
from tlhelpers.course.room.targets import Target

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


@dataclass(frozen=True)
class Chosen:
    """The wheels of a target."""

    wheels: Mapping[str, Path]
    differs: Mapping[str, str] = field(default_factory=dict)
    """Packages in another version than pinned, because that one has no wheel here."""
    lacking: frozenset[str] = frozenset()
    """What the index has no wheel of for the target, such as "h5py==3.14.0"."""

    def pins(self) -> str:
        """As a file of constraints."""
        lines = (f"{name}=={version(file)}" for name, file in sorted(self.wheels.items()))
        return "\n".join(lines) + "\n"


class Missing(Exception):
    """A target cannot be served: the index has no wheel of a package for it."""


def version(wheel: Path) -> Version:
    """The version in a wheel's name."""
    return parse_wheel_filename(wheel.name)[1]


def pins(constraints: str, target: Target) -> dict[str, SpecifierSet]:
    """The versions that a file of constraints names for a target, by canonical name.

    Raises
    ------
    CourseError
        A line that is no requirement.
    """
    found = {}
    for line in constraints.splitlines():
        if text := line.partition("#")[0].strip():
            try:
                pin = Requirement(text)
            except InvalidRequirement:
                raise CourseError(f"constraints.txt: '{text}' is no 'name==version'.") from None
            if pin.marker is None or pin.marker.evaluate(target.environment()):
                found[canonicalize_name(pin.name)] = pin.specifier
    return found


def choose(
    asked: Iterable[str],
    target: Target,
    pinned: Mapping[str, SpecifierSet],
    shelf: Path,
    get: Callable[[str], Path],
    lacking: Iterable[str] = (),
) -> Chosen:
    """Find every wheel that a target needs, on the shelf or by fetching it.

    Parameters
    ----------
    asked : iterable of str
        What the course asks for, as in pyproject.toml.
    target : Target
    pinned : mapping of str to SpecifierSet
        `pins`.
    shelf : Path
        Folder of wheels.
    get : callable
        Puts the wheel of a requirement there; raises `NoWheel`.
    lacking : iterable of str
        `Chosen.lacking` of an earlier time: it is not asked for again.

    Returns
    -------
    Chosen

    Raises
    ------
    Missing
        A package has no wheel for the target, in any version that is allowed.
    CourseError
        Two packages want different versions of a third.
    """
    environment = target.environment()
    chosen: dict[str, Path] = {}
    differs: dict[str, str] = {}
    lacked: set[str] = set()
    done: set[tuple[str, str]] = set()  # a package, and one of its extras or ""
    queue = [(Requirement(line), "the course", "") for line in asked]
    while queue:
        wanted, by, extra = queue.pop(0)
        if wanted.marker and not wanted.marker.evaluate({**environment, "extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        if name not in chosen:
            pin = pinned.get(name)
            if pin is not None and f"{name}{pin}" not in lacking:
                with contextlib.suppress(NoWheel):
                    chosen[name] = _wheel(name, pin, target, shelf, get)
            if name not in chosen:
                try:
                    chosen[name] = _wheel(name, wanted.specifier, target, shelf, get)
                except NoWheel:
                    raise Missing(name) from None
                if pin is not None:
                    lacked.add(f"{name}{pin}")
                    differs[name] = f"{version(chosen[name])}, not {str(pin).removeprefix('==')}"
        if not wanted.specifier.contains(version(chosen[name]), prereleases=True):
            raise CourseError(
                f"{target}: {by} needs {name}{wanted.specifier}, but {version(chosen[name])} is "
                "what there is: change constraints.txt."
            )
        for new in {"", *wanted.extras}:
            if (name, new) not in done:
                done.add((name, new))
                queue += [(line, name, new) for line in requirements(chosen[name])]
    return Chosen(chosen, differs, frozenset(lacked))


def _wheel(name, versions: SpecifierSet, target: Target, shelf: Path, get) -> Path:
    """The best wheel on the shelf; a new one where none fits."""
    rank = {tag: number for number, tag in enumerate(target.tags())}
    best = None
    for file in shelf.glob("*.whl"):
        try:
            its_name, its_version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if its_name != name or not versions.contains(its_version):
            continue
        fit = min((rank[tag] for tag in tags if tag in rank), default=None)
        if fit is not None and _python(file).contains(target.first_python):
            best = max(best or (its_version, -fit, file), (its_version, -fit, file))
    return best[2] if best else get(f"{name}{versions}")


def _python(wheel: Path) -> SpecifierSet:
    return SpecifierSet(_metadata(wheel)["Requires-Python"] or "")


def requirements(wheel: Path) -> list[Requirement]:
    """What a wheel asks for.

    Raises
    ------
    CourseError
        The file is damaged.
    """
    return [Requirement(line) for line in _metadata(wheel).get_all("Requires-Dist", [])]


def _metadata(wheel: Path) -> Message:
    try:
        with zipfile.ZipFile(wheel) as archive:
            (inside,) = filter(_METADATA.fullmatch, archive.namelist())
            text = archive.read(inside).decode("utf-8")
    except (OSError, ValueError, zipfile.BadZipFile):
        raise CourseError(f"{wheel} is damaged: delete it, and run the same command.") from None
    return HeaderParser().parsestr(text)
