"""Prose as it reads, however its lines are broken."""

import re

# A line goes on unless the next is empty or begins a heading, an item, a table's row or code.
_BROKEN = re.compile(r"(?<=[^\s])[ \t]*\n[ \t]*(?![ \t\n]|#|[-*] |\d+\. |\||```|$)")


def unwrapped(text: str) -> str:
    """Markdown with each paragraph, item and heading in one line."""
    return _BROKEN.sub(" ", text)
