"""The `tlhelpers` command itself, and the options that several of its commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

EXIT_CODES = """Exit codes: 0 all is well; 1 a page, a run or a check failed; 2 wrong use, or the
machine lacks something; 130 interrupted."""

MOST_SEEDS = 1000  # far beyond what any question here needs, and still a list in no time
MOST_SECONDS = 7 * 24 * 3600  # a week; what waits for a kernel cannot count beyond 24 days

app = typer.Typer(
    help="Steady Fine-Tuning from the command line.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        from tlhelpers.core import machine

        for name, version in machine.installed().items():
            typer.echo(f"{name} {version}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Versions of tlhelpers, Keras and its backend.",
        ),
    ] = False,
) -> None:
    """Options of the command itself; typer shows the help of `app` in place of this."""


def _path(text: str) -> Path:
    if not text.strip():  # an empty variable; to Path it is the folder one is in
        raise typer.BadParameter("it is empty: give a path")
    return Path(text)


def path_option(words: str, *names: str) -> Any:
    """A file or a folder that is written; an empty name is refused."""
    return typer.Option(*names, help=words, parser=_path, metavar="PATH")


def path_argument(words: str) -> Any:
    """The same, as an argument without which the command does nothing."""
    return typer.Argument(help=words, parser=_path, metavar="PATH")


Profile = Annotated[
    str,
    typer.Option(
        help="How much work: smoke (a check), quick, full (a GPU) and others, docs/full.md."
    ),
]
FirstSeed = Annotated[int, typer.Option(help="Seed to begin with.", min=0, max=1_000_000)]
Timeout = Annotated[
    int, typer.Option(help="Seconds that one cell may take.", min=1, max=MOST_SECONDS)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Use the workers of a Dask cluster: tcp://HOST:8786, or 'local', one worker a GPU. "
        "Whoever reaches an open scheduler can run any code on its workers.",
        metavar="ADDRESS",
    ),
]
