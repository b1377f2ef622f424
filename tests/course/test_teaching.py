"""What docs/teach says of exercises: each has its wrong answers, and each that is named exists."""

from __future__ import annotations

import re
from collections import Counter

from tlhelpers.core import paths

TEXT = (paths.PROJECT / "docs" / "teach" / "README.md").read_text(encoding="utf-8")
NUMBER = r"\d\d-\d"


def exercises() -> list[str]:
    """ "04-2" is the second exercise of page 04."""
    found = []
    for source in sorted((paths.NOTEBOOKS / "src").glob("*.py")):
        checks = re.findall(r"^tl\.check\(", source.read_text(encoding="utf-8"), re.MULTILINE)
        found += [f"{source.stem[:2]}-{number}" for number in range(1, len(checks) + 1)]
    return found


def rows() -> list[list[str]]:
    """Cells of the table of wrong answers."""
    lines = re.findall(rf"^\| ({NUMBER} \|.*) \|$", TEXT, re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def test_every_exercise_has_its_wrong_answers():
    named = [row[0] for row in rows()]
    assert list(dict.fromkeys(named)) == exercises()  # all of them, in their order
    assert set(Counter(named).values()) <= {1, 2}


def test_each_row_says_what_they_answer_what_they_think_and_what_to_say():
    assert [row for row in rows() if len(row) != 4 or not all(row)] == []


def test_every_exercise_that_is_named_exists():
    assert set(re.findall(rf"\b{NUMBER}\b", TEXT)) == set(exercises())
