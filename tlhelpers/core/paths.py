"""Where things are, found from the package and never from the current folder.

Papermill and nbval start notebooks in different folders.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
RECORDINGS = PROJECT / "recordings"


def build() -> Path:
    """Folder of everything that can be made again; ``TLHELPERS_BUILD`` moves it."""
    return Path(os.environ.get("TLHELPERS_BUILD", PROJECT / "build"))


def data() -> Path:
    """Folder of prepared real data; ``TLHELPERS_DATA`` moves it."""
    return Path(os.environ.get("TLHELPERS_DATA", PROJECT / "data"))
