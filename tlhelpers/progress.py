"""Progress bars that are silent when no one watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm


def watched() -> bool:
    """Whether somebody is looking: a terminal, or JupyterLab with a person in front.

    Papermill and nbval runs set ``TLHELPERS_PROGRESS=0`` (a bar would end up in the
    saved outputs); ``TLHELPERS_PROGRESS=1`` forces bars on.
    """
    asked = os.environ.get("TLHELPERS_PROGRESS")
    if asked is not None:
        return asked == "1"
    return "ipykernel" in sys.modules or sys.stderr.isatty()


def bar(iterable: Iterable | None = None, **kwargs: Any) -> tqdm:
    """A tqdm bar, disabled when nobody watches."""
    return tqdm(iterable, disable=not watched(), leave=False, **kwargs)
