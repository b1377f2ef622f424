"""What all figures share: size, colors, axes, title and caption, and the text alternative."""

from __future__ import annotations

import base64
import io
import math
import textwrap
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from tlhelpers.analysis.ticks import log_ticks, tick_words
from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.training.run import Experiment, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Share = Literal["none", "all", "row", "col"] | bool
"""Which panels share an axis, as Matplotlib's ``subplots`` has it."""
DPI = 110
WIDTH = 9.0  # inches, as wide as a page's text
LARGEST = 200.0  # inches of a figure; a PNG file of Matplotlib's ends at three times that
ACROSS = 5  # panels side by side that can still be read
LETTER = 0.08  # inches of a letter, about, at 10 points
STILL = 1.02  # ratio of an axis' ends below which rounding would look like jumps
TEXT = 0.8  # inches for a title and a caption of one or two lines each
ORDER = (3, 0, 2, 4, 7, 1, 5, 8, 9, 6)  # of the palette's colors

COLUMNS = {
    "val_nll": "validation NLL (nats)",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy (share)",
    "val_auc": "validation AUC",
    "val_macro_f1": "validation macro-F1",
    "loss": "training loss",
    "learning_rate": "learning rate",
}


@dataclass(frozen=True, eq=False)
class Plot:
    """A drawn figure.

    Attributes
    ----------
    png : bytes
    alt : str
        What the figure shows, for a reader who cannot see it.
    """

    png: bytes
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict, dict]:
        image = base64.b64encode(self.png).decode()
        return {"image/png": image, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def _write(self, file: BinaryIO) -> None:
        file.write(self.png)

    def save(self, path: str | Path) -> None:
        """Write the PNG file, and its folder if need be.

        Parameters
        ----------
        path : path or str

        Raises
        ------
        CourseError
            The disk is full or the folder cannot be written.
        """
        files.save(Path(path), self._write)


def panels(items: Sized, height: float, width: float = WIDTH) -> tuple[Figure, np.ndarray]:
    """A panel an item, `height` inches each, in rows of at most `ACROSS`."""
    refuse_nothing(items)
    columns = min(len(items), ACROSS)
    figure, axes = _grid(math.ceil(len(items) / columns), columns, height, width, True)
    for axis in axes[len(items) :]:
        axis.remove()
    return figure, axes[: len(items)]


def rows(
    count: int, columns: int, height: float, share: Share = "row"
) -> tuple[Figure, np.ndarray]:
    """Rows of panels, `height` inches each; the panels of a row share their axis, or none does."""
    if not columns:
        refuse_nothing([])
    return _grid(count, columns, height, WIDTH, share)


def _grid(
    rows: int, columns: int, height: float, width: float, share: Share
) -> tuple[Figure, np.ndarray]:
    import seaborn

    with matplotlib.rc_context({**seaborn.axes_style("whitegrid"), "grid.color": "0.92"}):
        figure = new_figure(width, height * rows + TEXT)
        axes = figure.subplots(rows, columns, sharey=share, squeeze=False).ravel()
    for axis in axes:
        seaborn.despine(ax=axis)
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    return figure, axes


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, unless it would be too large for a file."""
    if max(width, height) > LARGEST:
        raise CourseError("This figure would be too large: draw fewer recipes, rows or classes.")
    return Figure(figsize=(width, height), dpi=DPI)


def refuse_nothing(items: Sized) -> None:
    if not len(items):
        raise CourseError("Nothing to draw: the figure needs at least one entry.")


def refuse_many(items: Sized, most: int, what: str) -> None:
    if len(items) > most:
        raise CourseError(
            f"{len(items)} {what} are more than this figure can tell apart: draw at most {most}."
        )


def line_of(run: Run, column: str) -> np.ndarray:
    """A column of a run's history to draw: what is no number, or without end, is missing."""
    if column not in run.history:
        raise CourseError(f"These runs have no '{column}': choose one of {', '.join(run.history)}.")
    line = run.curve(column)
    return np.where(np.isfinite(line), line, np.nan)


def fitted(name: str, width: int, lines: int = 2) -> str:
    """A name in lines of so many letters; what does not fit is cut off, with a sign."""
    return "\n".join(textwrap.wrap(name, max(width, 4), max_lines=lines, placeholder=" …"))


def panel_title(axis: Any, name: str, panels: int) -> None:
    across = int((WIDTH / min(panels, ACROSS) - 0.25) / (0.95 * LETTER))
    axis.set_title(fitted(name, across, 3), fontsize=10)


def label_rows(axes: np.ndarray, words: str) -> None:
    """The words beside the first panel of each row: all have the same axis."""
    for axis in axes[::ACROSS]:
        axis.set_ylabel(words)


def name_ticks(axis: Any, names: Sequence[str], width: float) -> None:
    """Names below an axis of so many inches: in two lines, or slanted where they would overlap."""
    letters = int(0.85 * width / len(names) / LETTER)
    lines = [name.split("\n") for name in names]
    if letters >= 12 or max(len(line) for name in lines for line in name) <= 2 * letters - 2:
        words = ["\n".join(fitted(line, letters) for line in name) for name in lines]
        axis.set_xticks(range(len(names)), words)
    else:
        words = [fitted(", ".join(name), 30, 1) for name in lines]
        axis.set_xticks(range(len(names)), words, rotation=40, ha="right", rotation_mode="anchor")
        axis.figure.set_figheight(axis.figure.get_figheight() + 1.2)  # what they take


def colors(count: int) -> list:
    """Colours that stay apart for colour-blind readers; orange for the first, the unsteady one."""
    import seaborn

    palette = seaborn.color_palette("colorblind", len(ORDER))
    return [palette[ORDER[i % len(ORDER)]] for i in range(count)]


def fan(count: int, width: float) -> list[float]:
    """Places beside each other from -width to width, so that dots at one x do not hide each other.

    Neighbours in the list stand far apart (multiples of the golden ratio), always the same.
    """
    return [width * (2 * (i * 0.6180339887 % 1) - 1) if count > 1 else 0.0 for i in range(count)]


def epoch_axes(axes: np.ndarray, epochs: int) -> None:
    """All from the first epoch to the last, so that a line that ends early is seen to."""
    margin = min(0.5, 0.05 * (epochs - 1)) or 0.5
    for axis in axes:
        axis.set_xlim(1 - margin, epochs + margin)
        axis.set_xlabel("epoch")


def log_axis(axes: np.ndarray | list) -> None:
    """Make the axis that all panels share logarithmic, with ticks for whatever is drawn."""
    axes[0].set_yscale("log", nonpositive="mask")
    low, high = axes[0].get_ylim()
    if high < STILL * low:
        middle = math.sqrt(low) * math.sqrt(high)
        low, high = middle / STILL, middle * STILL
    axes[0].set_ylim(low, high)
    ticks = log_ticks(low, high)
    for each in axes:
        each.set_yticks(ticks, [tick_words(t) for t in ticks])
        each.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def origins(experiments: Mapping[str, Experiment]) -> list[str]:
    """Captions, each once: recipes of one figure mostly share theirs."""
    origins = dict.fromkeys(e.origin for e in experiments.values())
    return [f"{origin[:1].upper()}{origin[1:]}." for origin in origins]


def range_words(lines: Sequence[np.ndarray]) -> str:
    values = np.concatenate(lines)
    values = values[np.isfinite(values)]
    if not len(values):
        return "no number"
    low, high = (
        f"{v:.2f}" if v == 0 or 0.1 <= abs(v) < 1000 else f"{v:.2g}"
        for v in (values.min(), values.max())
    )
    return f"{low} to {high}"


def finish(
    figure: Figure,
    title: str,
    caption: str,
    alt: str,
    names: float | None = None,
    legend: Axes | None = None,
) -> Plot:
    """Title on top, caption below, panels between them; images right of `names` inches.

    The lines of `legend` are named once, between title and panels, where they hide nothing.
    """
    width = figure.get_figwidth()
    heading = "\n".join(textwrap.wrap(title, int(width * 11)))
    small = "\n".join(textwrap.wrap(caption[:1].upper() + caption[1:], int(width * 15)))
    top = 0.12 + 0.22 * (heading.count("\n") + 1) if heading else 0
    under_heading = top
    if legend is not None:
        lines, words = legend.get_legend_handles_labels()
        top += 0.1 + 0.22 * math.ceil(len(words) / 2)
    bottom = 0.08 + 0.17 * (small.count("\n") + 1)
    # A long text shall not press the panels flat.
    height = figure.get_figheight() + max(0.0, top + bottom - TEXT)
    figure.set_figheight(height)
    low, high = bottom / height, 1 - top / height
    if names is None:
        figure.tight_layout(rect=(0, low, 1, high))
    else:  # tight_layout would push rows of images over each other: they keep their shape
        left, right = names / width, 1 - 0.1 / width
        figure.subplots_adjust(left, low + 0.1 / height, right, high, wspace=0.02, hspace=0.02)
    if legend is not None:
        figure.legend(
            lines, words, ncol=2, frameon=False, fontsize=9, loc="upper left",
            bbox_to_anchor=(0.0, 1 - (under_heading - 0.06) / height), borderaxespad=0,
        )  # fmt: skip
    if heading:
        figure.text(
            0.01, 1 - 0.06 / height, heading, ha="left", va="top", fontsize=12, weight="bold"
        )
    figure.text(0.01, 0.04 / height, small, ha="left", va="bottom", fontsize=8.5, color="0.3")
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return Plot(file.getvalue(), alt)
