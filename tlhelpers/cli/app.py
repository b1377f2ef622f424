"""The `tlhelpers` command itself, and the options that several of its commands take."""

from __future__ import annotations

from typing import Annotated

import typer

EXIT_CODES = """Exit codes: 0 all is well; 1 a page, a run or a check failed; 2 wrong use, or the
machine lacks something; 130 interrupted."""

app = typer.Typer(
    help="Steady Fine-Tuning from the command line.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Profile = Annotated[
    str,
    typer.Option(
        help="How much work: smoke (a check), quick, full (a GPU) and others, docs/full.md."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Use the workers of a Dask cluster: tcp://HOST:8786, or 'local', one worker a GPU.",
        metavar="ADDRESS",
    ),
]
