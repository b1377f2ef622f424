"""Progress bars that are silent when no one watches.

Nobody sits in front of a page that `tlhelpers run` executes, but somebody watches the run. There
``TLHELPERS_PROGRESS_DIR`` names a folder: bars are written to a file in it instead of into the
page, and the runner shows what `reported` finds.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm as plain_tqdm
from tqdm.auto import tqdm

from tlhelpers.core.settings import setting

FOLDER = "TLHELPERS_PROGRESS_DIR"


def watched() -> bool:
    """Whether somebody is looking: a terminal, a runner, or JupyterLab with a person in front.

    Runs whose outputs are kept and that no runner watches (nbval) set ``TLHELPERS_PROGRESS=0``:
    a bar would end up in the saved outputs. ``TLHELPERS_PROGRESS=1`` forces bars on.
    """
    asked = setting("TLHELPERS_PROGRESS")
    if asked is not None:
        return asked == "1"
    return setting(FOLDER) is not None or "ipykernel" in sys.modules or sys.stderr.isatty()


def bar(iterable: Iterable | None = None, **kwargs: Any) -> plain_tqdm:
    """A tqdm bar, disabled when nobody watches, written to a file when a runner watches."""
    kind = _ReportedBar if setting(FOLDER) else tqdm
    return kind(iterable, disable=not watched(), leave=False, **kwargs)


@contextmanager
def clock(what: str, limit: float) -> Iterator[None]:
    """Count seconds while something runs that cannot say how far it is; silent when no one watches.

    Parameters
    ----------
    what : str
        What is running.
    limit : float
        Seconds after which it is given up; the caller does that.
    """
    done = threading.Event()
    # tqdm's own counter of time: the bar only has to be drawn again.
    shown = bar(desc=what, bar_format="{desc}: {elapsed}, at most " + f"{limit:.0f} s")

    def tick() -> None:
        while not done.wait(0.5):
            shown.refresh()

    ticking = threading.Thread(target=tick, daemon=True)
    if not shown.disable:
        ticking.start()
    try:
        yield
    finally:
        done.set()
        if not shown.disable:
            ticking.join()
        shown.close()


def reported(folder: Path) -> list[str]:
    """The bars that processes have written to `folder`, a line a bar."""
    lines = []
    for file in sorted(folder.glob("*.txt")):
        try:
            lines += file.read_text(encoding="utf-8").splitlines()
        except OSError:  # Its bar has been closed since; Windows may be replacing it right now.
            continue
    return lines


class _ReportedBar(plain_tqdm):
    """Draws nothing; keeps all bars of this process in one file."""

    def __init__(self, iterable: Iterable | None = None, **kwargs: Any):
        # Nothing goes to `file`: tqdm only asks whether it can show block characters.
        super().__init__(
            iterable, **{"file": sys.__stderr__, "ncols": 76, "mininterval": 0.3} | kwargs
        )

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Replace the file by what the open bars show now, or remove it after the last.

        A bar that closes calls this when it no longer counts as open.
        """
        bars = [b for b in list(self._instances) if isinstance(b, _ReportedBar)]
        lines = [str(b) for b in sorted(bars, key=lambda b: abs(b.pos))]
        file = Path(os.environ[FOLDER], f"{os.getpid()}.txt")
        partial = file.with_suffix(".partial")
        try:
            if lines:
                partial.write_text("\n".join(lines), encoding="utf-8")
                os.replace(partial, file)
            else:
                file.unlink(missing_ok=True)
        except OSError:
            pass  # The runner may be gone: no reason for a training to stop.
