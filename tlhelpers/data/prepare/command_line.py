"""The commands of `data_scripts` in words, for messages: nothing here can run them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path


def command_line(script: str, options: Mapping[str, Path | str | int | bool | None]) -> str:
    """The command that does the same again, from any folder.

    Parameters
    ----------
    script : str
        File in `data_scripts`.
    options : dict
        Value of each option; paths are made absolute, True is a bare option, None and False
        are left out.
    """
    parts = ["python", f"data_scripts/{script}"]
    for option, value in options.items():
        if value is None or value is False:
            continue
        parts.append(option)
        if value is not True:
            parts.append(str(value.resolve() if isinstance(value, Path) else value))
    return shlex.join(parts)
