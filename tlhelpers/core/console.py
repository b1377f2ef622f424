"""Printing where a console, or the file that its output goes to, knows few letters.

On Windows what is printed into a file or a pipe is encoded as its code page has it, often cp1252,
which has no minus sign and no tick; Python would stop with a UnicodeEncodeError in mid-table.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable

from tlhelpers.core.errors import CourseError

_NAME = "tlhelpers.plain"
_PLAIN = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{ALMOST EQUAL TO}": "~",
    "\N{MIDDLE DOT}": "-",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{CHECK MARK}": "ok",
    "\N{BALLOT X}": "x",
    "\N{SQUARE ROOT}": "sqrt",
    "\N{NOT EQUAL TO}": "!=",
    "\N{LEFTWARDS ARROW}": "<-",
    "\N{GREEK CAPITAL LETTER SIGMA}": "sum",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
    "\N{GREEK SMALL LETTER PI}": "pi",
}


def run_script(main: Callable[..., None]) -> None:
    """Run a script's `main` with the options of the command line; an error of ours is one line.

    Parameters
    ----------
    main : function
        What typer takes.
    """
    import typer

    plain_where_needed()
    try:
        typer.run(main)
    except CourseError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


def plain_where_needed() -> None:
    """From now on print what an encoding lacks in plain letters, or as a question mark."""
    codecs.register_error(_NAME, _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # pytest's and a notebook's have none, and take any letter
            reconfigure(errors=_NAME)


def _in_plain_letters(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    letters = problem.object[problem.start : problem.end]
    return "".join(_PLAIN.get(letter, "?") for letter in letters), problem.end
