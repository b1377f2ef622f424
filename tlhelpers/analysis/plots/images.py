"""Figures of the images themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot


def contact_sheet(rows: Mapping[str, np.ndarray], title: str, caption: str) -> Plot:
    """Images in rows, each row with its name.

    Parameters
    ----------
    rows : mapping of name to uint8 array, shape (n, size, size, 3 or 1)
    title, caption : str

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No images.
    """
    canvas.refuse_nothing([image for images in rows.values() for image in images])
    columns = max(map(len, rows.values()))
    side = min(2.0, (canvas.WIDTH - 1.2) / columns)  # what the names leave
    figure = canvas.new_figure(canvas.WIDTH, side * len(rows) + 1.1)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, image in zip(line, images, strict=False):
            axis.imshow(image, interpolation="bilinear", cmap="gray", vmin=0, vmax=255)
        label = canvas.fitted(name, 13, 3)
        line[0].text(
            -0.08, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10
        )
    alt = f"{title}. Rows of images: {', '.join(rows)}."
    return canvas.finish(figure, title, caption, alt, names=1.1)
