"""Commands for a workshop: setup-check, slides, handout."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.cli import outputs
from tlhelpers.cli.app import EXIT_CODES, app, path_option
from tlhelpers.core import files, paths

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.

CHECK_CODES = "Exit codes: 0 this machine is ready; 1 a check failed; 2 wrong use; 130 interrupted."


@app.command("setup-check", epilog=CHECK_CODES)
def setup_check(
    as_json: Annotated[
        bool, typer.Option("--json", help="All checks as JSON: docs/nightly.md.")
    ] = False,
) -> None:
    """Is this machine ready for a workshop? Run it the day before; it takes less than a minute.

    Each line is a check. One that failed says what to do.
    """
    from tlhelpers.core import machine
    from tlhelpers.course import setup_check as checks

    clock, found = time.monotonic(), []
    for check in checks.run():
        found.append(check)
        if not as_json:
            typer.echo(check.line())
    seconds = time.monotonic() - clock
    ok = all(check.ok for check in found)
    if as_json:
        report = {
            "schema": checks.SCHEMA,
            "ok": ok,
            "seconds": round(seconds, 2),
            "versions": machine.installed(),
            "checks": [dataclasses.asdict(check) for check in found],
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        typer.echo(checks.summary(found, seconds))
    raise typer.Exit(0 if ok else 1)


@app.command(epilog=EXIT_CODES)
def slides(
    out: Annotated[
        Path | None, path_option("Folder of the slides. [default: build/slides]")
    ] = None,
) -> None:
    """Make slides for a workshop from the pages; they need no internet. It takes seconds.

    Ideas, figures, code, exercises and key points are those of the pages, also of changed ones.
    """
    paths.require_clone("tlhelpers slides")
    from tlhelpers.core import progress
    from tlhelpers.course import outline, pages
    from tlhelpers.course import slides as deck

    folder = out or paths.build() / "slides"
    outputs.check_folder(folder, "--out", outputs.SLIDES)
    notebooks = pages.find(deck.PATH, paths.NOTEBOOKS)
    outlines = [outline.outline(page) for page in progress.bar(notebooks, desc="pages")]
    with progress.clock("Writing the slides", 60):
        count = deck.write(outlines, _name_of_the_course(), folder)
    typer.echo(f"{count} slides: open {folder / 'index.html'} (S shows notes, Esc all of them)")


def _name_of_the_course() -> str:
    """The heading of README.md."""
    return files.read_text(paths.PROJECT / "README.md").splitlines()[0].lstrip("# ")


@app.command("handout", epilog=EXIT_CODES)
def handout_command(
    out: Annotated[Path | None, path_option("File. [default: build/handout.html]")] = None,
) -> None:
    """Make the handout for a workshop: one page of A4, to be printed from a browser.

    Its source is docs/teach/handout.html; code comes from the pages.
    """
    paths.require_clone("tlhelpers handout")
    from tlhelpers.course import handout

    target = out or paths.build() / "handout.html"
    outputs.check_file(target, "--out")
    handout.write(target)
    typer.echo(f"{target}: open it in a browser, and print it")
