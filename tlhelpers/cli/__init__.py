"""The command line, a module a group of commands."""

from __future__ import annotations

import sys

from tlhelpers.cli import course, experiment, nightly, room, teaching
from tlhelpers.cli.app import app
from tlhelpers.core import console
from tlhelpers.core.errors import CourseError

# Importing them gives `app` its commands.
__all__ = ["app", "course", "experiment", "main", "nightly", "room", "teaching"]


def main() -> None:
    """The `tlhelpers` command: a `CourseError` becomes one line and exit code 2."""
    console.plain_where_needed()
    try:
        app()
    except CourseError as problem:
        print(f"tlhelpers: {problem}", file=sys.stderr)
        sys.exit(2)
