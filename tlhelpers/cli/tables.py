"""Tables on a terminal: as wide as it is, and as wide as they need where no terminal is."""

from __future__ import annotations

import io
import itertools
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

_ENDLESS = 10_000  # letters of a line that nothing limits
_LETTERS = (22, 16, 14)  # of a line of words in a table without room, the wider one first


def show(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: Collection[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """Print a table, at most as wide as the terminal.

    Where there is no room, cells get several lines; where that is not enough, columns are left
    out, and it is said which.

    Parameters
    ----------
    columns : sequence of str
    rows : sequence of sequences of str
        A cell a column.
    words : collection of str
        Columns whose cells may be broken between words. The others are broken before a bracket.
    spare : sequence of str
        Columns that may be left out, the first one first.
    """
    room = width() or _ENDLESS
    for left_out, cells in _attempts(columns, rows, words, spare):
        kept = [name for name in columns if name not in left_out]
        table = _table(kept, [[row[columns.index(name)] for name in kept] for row in cells])
        if _needed(table) <= room:
            break
    for line in _rendered(table, room):
        typer.echo(line)
    if left_out:
        paragraph(
            f"Left out for lack of room: {', '.join(left_out)}. A wider window shows all, and so "
            "does a pipe."
        )


def paragraph(text: str, indent: str = "", first: str | None = None) -> None:
    """Print words, wrapped at the terminal's width if there is one.

    Parameters
    ----------
    text : str
    indent : str
        Before each line.
    first : str, optional
        Before the first line instead.
    """
    first = indent if first is None else first
    wrapped = textwrap.fill(
        text,
        max(width() or _ENDLESS, len(indent) + 20),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    typer.echo(wrapped)


def width() -> int | None:
    """Letters of the terminal's line; None where what is printed goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _attempts(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: Collection[str],
    spare: Sequence[str],
) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
    """Columns to leave out and cells to print, from what is best to read to what needs least."""
    yield (), rows
    for count, letters in itertools.product(range(len(spare) + 1), _LETTERS):
        yield (
            spare[:count],
            [
                [
                    textwrap.fill(cell, letters, break_long_words=False)
                    if name in words
                    else cell.replace(" (", "\n(")
                    for name, cell in zip(columns, row, strict=True)
                ]
                for row in rows
            ],
        )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _needed(table: Table) -> int:
    from rich.console import Console

    return Console(width=_ENDLESS).measure(table).maximum


def _rendered(table: Table, room: int) -> list[str]:
    from rich.console import Console

    page = io.StringIO()
    Console(file=page, width=min(room, _needed(table)), color_system=None).print(table)
    return [line.rstrip() for line in page.getvalue().splitlines()]
