"""The one error class that a learner is meant to read, and any error in one line."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 300  # characters of an error's text


class CourseError(Exception):
    """Something the learner can put right.

    The message is one line: what was wrong, where, and what to do. The command
    line prints it without a traceback and exits with code 2.
    """


def in_one_line(problem: BaseException) -> str:
    """An error in one line without colours, for a report of many.

    Parameters
    ----------
    problem : BaseException
        A `CourseError` is its own line. Of the error of a notebook's cell, that of its code counts.

    Returns
    -------
    str
        Such as "ValueError: no such class", at most about 300 characters.
    """
    if isinstance(problem, CourseError):
        return str(problem)
    name = getattr(problem, "ename", type(problem).__name__)
    text = _ANSI.sub("", getattr(problem, "evalue", str(problem)))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + " …"
    return f"{name}: {text}" if text else name
