"""The command for a room without internet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.cli.app import EXIT_CODES, app, path_argument
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.


@app.command("offline-room", epilog=EXIT_CODES)
def offline_room(
    folder: Annotated[Path, path_argument("A new folder, or such a room; later a USB stick.")],
    platforms: Annotated[
        list[str] | None,
        typer.Option(
            "--platform",
            help="linux-x86_64, macos-arm64 or windows-amd64; may be given again. All if none is.",
        ),
    ] = None,
    pythons: Annotated[
        list[str] | None,
        typer.Option("--python", help="Such as 3.12; may be given again. All if none is."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only look whether every file is there and whole.")
    ] = False,
) -> None:
    """Everything for a room without internet: packages, the course, and a start script.

    What is there already with the right sum is not fetched again.
    """
    from tlhelpers.course import room

    if verify:
        from tlhelpers.core.progress import bar

        if platforms or pythons:
            raise CourseError("--verify looks at what is there: leave --platform and --python out.")
        with bar(desc="reading", unit="B", unit_scale=True) as shown:

            def told(done: int, total: int) -> None:
                shown.total = total
                shown.update(done - shown.n)

            wrong = room.verify(folder, told)
        for line in wrong:
            typer.echo(line)
        if not wrong:
            typer.echo(f"{folder}: every file is whole")
        raise typer.Exit(1 if wrong else 0)
    paths.require_clone("tlhelpers offline-room")
    from tlhelpers.course.room.targets import PLATFORMS, PYTHONS, targets

    # Nobody knows what a room's computers bring: all that the course runs on, if nothing is said.
    asked = targets(platforms or PLATFORMS, pythons or PYTHONS)
    made = room.make(paths.PROJECT, folder, asked, lambda line: typer.echo(line, err=True))
    for target, chosen in made.targets.items():
        typer.echo(f"{target}: {len(chosen.wheels)} packages")
        for name, words in chosen.differs.items():
            typer.echo(f"{target}: {name} {words}: that has no wheel for it")
    for line in made.without.values():
        typer.echo(line)
    size = f"{made.bytes / 1e6:,.0f} MB in {made.files:,} files"
    typer.echo(f"{folder}: {size}. README.txt there says how it is used.")
    raise typer.Exit(1 if made.without else 0)
