"""Commands for those who keep the course up to date: canary."""

from __future__ import annotations

import datetime
import time
from typing import Annotated

import typer

from tlhelpers.cli.app import EXIT_CODES, app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.

BACKENDS = ("jax", "tensorflow")

_HEAD = """# What each Keras does

The pages say what Keras does. Here each such sentence is looked at, with tiny networks, on the
newest Keras of each minor version. `tlhelpers canary` makes this page; the functions are in
`tlhelpers/training/keras_facts`.

**yes**: it does what is said. **no**: it does something else, and the note says what. **error**:
looking failed. In bold: the page says it of this Keras, so one of the two has to change. Not in
bold: it is said of another backend, or of newer versions only. The column *page* has numbers of
pages; *doctor* is [the doctor](doctor.md), *package* is what the package itself counts on.
"""


@app.command(epilog=EXIT_CODES)
def canary(
    versions: Annotated[
        list[str] | None,
        typer.Option(
            "--keras",
            help="A version such as 3.6.0; several times for several. Else the newest of each "
            "minor version from 3.3 on.",
        ),
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="Only the newest Keras that pip finds.")
    ] = False,
    backend: Annotated[str, typer.Option(help="jax or tensorflow.")] = "jax",
    fact_names: Annotated[
        list[str] | None, typer.Option("--fact", help="Look at this fact only; writes no page.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Kerases at a time.", min=1, max=16)] = 2,
    write: Annotated[
        bool, typer.Option(help="Write docs/keras_versions.md; not where versions are named.")
    ] = True,
) -> None:
    """Does another Keras still do what the pages say?

    Each Keras is installed into an environment of its own in build/canary, 20 MB, and all share
    those of the backend, 0.6 GB (JAX) or 2 GB (TensorFlow). What is there already is not made
    again. One Keras takes one to three minutes.
    """
    paths.require_clone("tlhelpers canary")
    from tlhelpers.core import files
    from tlhelpers.core.progress import bar
    from tlhelpers.course import canary, junit, report

    if backend not in BACKENDS:
        raise CourseError(f"Unknown backend '{backend}': choose one of {', '.join(BACKENDS)}.")
    if versions and newest:
        raise CourseError("--newest finds the version itself: leave out --keras, or --newest.")
    wanted = sorted({one: canary.number(one) for one in versions or ()}.items(), key=lambda v: v[1])
    chosen = [one for one, _ in wanted] or canary.newest_of_each_minor(canary.published())
    chosen = chosen[-1:] if newest else chosen
    typer.echo("Importing Keras.", err=True)
    from tlhelpers.training.keras_facts.all import FACTS

    for name in fact_names or ():
        if name not in FACTS:
            raise CourseError(f"Unknown fact '{name}': choose one of {', '.join(FACTS)}.")
    facts = {name: one for name, one in FACTS.items() if not fact_names or name in fact_names}
    folder = paths.build() / "canary"
    files.check_writable(folder)
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    with bar(total=len(chosen) * len(facts), desc="facts") as progress:

        def finished(column: canary.Column) -> None:
            held = sum(answer.holds is True for answer in column.answers.values())
            progress.write(f"Keras {column.keras}: {held} of {len(facts)} facts hold")

        columns = canary.look_at_all(
            chosen, backend, list(facts), folder, jobs, progress.update, finished
        )
    seconds = round(time.monotonic() - clock, 3)
    cases = canary.test_cases(facts, columns)
    xml = junit.xml("canary", cases, started.isoformat(timespec="seconds"), seconds)
    files.save(folder / "junit.xml", xml)
    surprises = canary.surprises(facts, columns)
    for fact, column in surprises:
        answer = column.answers[fact.name]
        typer.echo(f"Keras {column.keras}, page {fact.where}: {fact.says}")
        typer.echo(f"    {'no: ' if answer.holds is False else ''}{answer.found}")
    page = folder / "keras_versions.md"
    if write and not (versions or newest or fact_names):
        page = paths.PROJECT / "docs" / "keras_versions.md"
    before = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    files.save(page, canary.put(before, backend, canary.table(facts, columns)))
    words = f"{len(surprises)} of {len(cases)} are otherwise" if surprises else "all as said"
    typer.echo(f"{words}, in {report.duration(seconds)}. See {page}")
    raise typer.Exit(1 if surprises else 0)
