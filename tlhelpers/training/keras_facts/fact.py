"""A sentence about Keras, and the function that looks whether it is so."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Seen:
    """What this Keras did.

    Attributes
    ----------
    holds : bool
        Whether it does what is said.
    found : str
        What was measured, in a few words.
    """

    holds: bool
    found: str


@dataclass(frozen=True)
class Fact:
    """A sentence about Keras that the course relies on.

    Attributes
    ----------
    name : str
    where : str
        The pages that say it, such as "05" or "07, 12"; "doctor" where it says so.
    says : str
        The sentence.
    see : function
        Looks whether it is so.
    backend : str or None
        The only backend of which it is said.
    since : str
        The first Keras of which it is said.
    """

    name: str
    where: str
    says: str
    see: Callable[[], Seen]
    backend: str | None = None
    since: str = "3.3"


FACTS: dict[str, Fact] = {}
"""All facts by name; importing a module that has some puts them here."""


def fact(
    where: str, says: str, backend: str | None = None, since: str = "3.3"
) -> Callable[[Callable[[], Seen]], Callable[[], Seen]]:
    """Put the decorated function into `FACTS`, under its own name.

    Parameters
    ----------
    where, says, backend, since
        As in `Fact`.

    Returns
    -------
    function
        A decorator that gives the function back.
    """

    def keep(see: Callable[[], Seen]) -> Callable[[], Seen]:
        name = see.__name__.replace("_", "-")
        if name in FACTS:
            raise ValueError(f"two facts are called {name}")
        FACTS[name] = Fact(name, where, says, see, backend, since)
        return see

    return keep


def look(one: Fact) -> dict[str, Any]:
    """One fact on the Keras of this process.

    Parameters
    ----------
    one : Fact

    Returns
    -------
    dict
        "name"; "holds", None where looking itself failed; "found".
    """
    try:
        seen = one.see()
    except Exception as problem:  # whatever another version of Keras raises is a finding
        last = traceback.extract_tb(problem.__traceback__)[-1]
        words = " ".join(str(problem).split())[:160]
        found = f"{type(problem).__name__}: {words} ({Path(last.filename).name}:{last.lineno})"
        return {"name": one.name, "holds": None, "found": found}
    # NumPy's numbers are none for JSON.
    return {"name": one.name, "holds": bool(seen.holds), "found": seen.found}
