"""Tests of prose read it unwrapped."""

import textwrap

import pytest

from tests.wrapping import unwrapped

TEXT = """\
# 1. A heading

A paragraph of some length, with 0.5 and `code` in it, and more.

- An item that is long
- another one

1. First
2. second

| a | b |
| - | - |
| 1 | 2 |

**Bold** begins a paragraph."""


@pytest.mark.parametrize("width", [12, 30, 200])
def test_how_lines_are_broken_makes_no_difference(width):
    lines = (
        textwrap.wrap(line, width, subsequent_indent="  " * line.startswith(("- ", "1.", "2.")))
        if not line.startswith(("|", "#"))
        else [line]
        for line in TEXT.splitlines()
    )
    wrapped = "\n".join("\n".join(line) for line in lines)
    assert unwrapped(wrapped) == TEXT
