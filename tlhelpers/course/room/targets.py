"""The systems and Python versions that a room can be made for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms

from tlhelpers.core.errors import CourseError


@dataclass(frozen=True)
class Platform:
    """A system, as wheels name it and as markers of requirements see it."""

    name: str
    tags: tuple[str, ...]  # best first
    markers: dict[str, str] = field(compare=False)
    without_tensorflow: str
    """What can be done there instead where TensorFlow has no wheel."""


# glibc 2.28 is that of RHEL 8 and Debian 10; whatever is newer can use these wheels.
_MANYLINUX = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)]
_OLD = ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]

PLATFORMS = {
    platform.name: platform
    for platform in (
        Platform(
            "linux-x86_64",
            (*_MANYLINUX, *_OLD),
            {
                "os_name": "posix",
                "sys_platform": "linux",
                "platform_system": "Linux",
                "platform_machine": "x86_64",
            },
            "take another Python",
        ),
        Platform(
            "macos-arm64",
            tuple(mac_platforms((12, 0), "arm64")),  # TensorFlow needs macOS 12
            {
                "os_name": "posix",
                "sys_platform": "darwin",
                "platform_system": "Darwin",
                "platform_machine": "arm64",
            },
            "take another Python, or sit two at one machine",
        ),
        Platform(
            "windows-amd64",
            ("win_amd64",),
            {
                "os_name": "nt",
                "sys_platform": "win32",
                "platform_system": "Windows",
                "platform_machine": "AMD64",
            },
            "take another Python, or WSL with the wheels of linux-x86_64",
        ),
    )
}
PYTHONS = ("3.11", "3.12", "3.13")


@dataclass(frozen=True)
class Target:
    """One system with one Python."""

    platform: Platform
    python: str

    def __str__(self) -> str:
        return f"{self.platform.name}, Python {self.python}"

    @property
    def name(self) -> str:
        """As ``start.py`` names it: "linux-x86_64-py3.12"."""
        return f"{self.platform.name}-py{self.python}"

    @property
    def first_python(self) -> str:
        """The first release of this Python: what it can use, every later one can."""
        return f"{self.python}.0"

    def tags(self) -> Iterator[Tag]:
        """The wheels that fit, best first."""
        major, minor = map(int, self.python.split("."))
        version, platforms = (major, minor), list(self.platform.tags)
        yield from cpython_tags(version, platforms=platforms)
        yield from compatible_tags(version, f"cp{major}{minor}", platforms)

    def environment(self) -> dict[str, str]:
        """What markers such as ``sys_platform == "win32"`` are asked about."""
        return {
            **self.platform.markers,
            "python_version": self.python,
            "python_full_version": self.first_python,
            "implementation_name": "cpython",
            "implementation_version": self.first_python,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_version": "",
        }


def targets(platforms: Iterable[str], pythons: Iterable[str]) -> list[Target]:
    """Each platform with each Python.

    Raises
    ------
    CourseError
        One of them is none that the course runs on.
    """
    for name in platforms:
        if name not in PLATFORMS:
            raise CourseError(f"Unknown platform '{name}': choose from {', '.join(PLATFORMS)}.")
    for python in pythons:
        if python not in PYTHONS:
            raise CourseError(f"The course needs Python {', '.join(PYTHONS)}, not '{python}'.")
    return [
        Target(PLATFORMS[name], python)
        for name in dict.fromkeys(platforms)
        for python in dict.fromkeys(pythons)
    ]
