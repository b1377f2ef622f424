"""Brushes and chance for drawn images. They know nothing of what is drawn.

Image coordinates: x to the right and y downwards, both from -1 to 1, whatever the size in
pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Values = np.ndarray | float


class Chance:
    """Random numbers for n images."""

    def __init__(self, rng: np.random.Generator, n: int):
        self.rng, self.n = rng, n

    def each(self, low: float, high: float, *shape: int) -> np.ndarray:
        """Uniform numbers, new for each image; float32, shape (n, *shape)."""
        return self.rng.uniform(low, high, (self.n, *shape)).astype(np.float32)

    def happens(self, share: float, *shape: int) -> np.ndarray:
        """Whether something happens to an image; bool, shape (n, *shape)."""
        return self.each(0, 1, *shape) < share


def dots(canvas: np.ndarray, x: Values, y: Values, radius: Values, amount: Values) -> None:
    """Add round Gaussian dots, `amount` high and `radius` (one standard deviation) wide.

    Parameters
    ----------
    canvas : float32 array, shape (n, size, size), changed in place
    x, y, radius, amount : arrays, shape (n, ...), or what broadcasts to it
        In image coordinates; dots of amount 0 cost nothing. Dots smaller than a pixel are
        widened to one and weakened, so that their sum stays what it is.
    """

    def dot(dx, dy, radius, amount, _):
        scale = (-0.5 / radius**2)[:, None]
        rows, columns = amount[:, None] * np.exp(scale * dy**2), np.exp(scale * dx**2)
        return rows[:, :, None] * columns[:, None, :]

    _stamp(canvas, dot, 2.6, x, y, radius, amount, 1.0)


def blots(
    canvas: np.ndarray,
    x: Values,
    y: Values,
    radius: Values,
    amount: Values,
    aspect: Values = 1.0,
    angle: Values = 0.0,
) -> None:
    """Add flat oval blots with soft edges: ``amount * exp(-(d / radius)**4 / 4)``.

    As `dots`; `aspect` is length over width (at least 1), `angle` the direction of the length
    in radians.
    """

    def blot(dx, dy, radius, amount, aspect, angle):
        amount, aspect, cos, sin = (
            a[:, None, None] for a in (amount, aspect, np.cos(angle), np.sin(angle))
        )
        dx, dy = (dx / radius[:, None])[:, None, :], (dy / radius[:, None])[:, :, None]
        square = (dx * cos + dy * sin) ** 2 / aspect + (dy * cos - dx * sin) ** 2 * aspect
        return amount * np.exp(-0.25 * square**2)

    _stamp(canvas, blot, 2.1, x, y, radius, amount, aspect, angle)


def _stamp(
    canvas: np.ndarray, spot: Callable[..., np.ndarray], reach: float, *values: Values
) -> None:
    """Add spots to the canvas, each inside its own small window.

    Parameters
    ----------
    spot : function of (dx, dy, radius, amount, aspect, ...)
        Its windows, shape (m, w, w), for m spots: dx and dy, shape (m, w), are the distances in
        pixels of columns and rows from the centre, the others have the shape (m,).
    reach : how many radii a window reaches
    values : x, y, radius, amount, aspect, ...
    """
    n, size = canvas.shape[:2]
    values = np.broadcast_arrays(*values)
    wanted = (values[3] != 0) & (np.abs(values[0]) < 1.3) & (np.abs(values[1]) < 1.3)
    if not wanted.any():
        return
    image = np.nonzero(wanted)[0]
    x, y, radius, amount, aspect, *more = (v[wanted].astype(np.float32) for v in values)
    x, y, radius = (x + 1) * size / 2 - 0.5, (y + 1) * size / 2 - 0.5, radius * size / 2
    wide = np.hypot(radius, np.float32(0.35))
    spots = (x, y, wide, amount * (radius / wide) ** 2, aspect, *more)
    half = np.rint(reach * wide * np.sqrt(aspect)).astype(int)

    # On a canvas with margins no window sticks out, and one addition finds all its pixels.
    margin = int(0.15 * size) + 1 + half.max()
    padded = np.zeros((n, size + 2 * margin, size + 2 * margin), np.float32)
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    centre = (image * len(padded[0]) + row + margin) * len(padded[0]) + column + margin
    for h in np.unique(half):
        (i,) = np.nonzero(half == h)
        steps = np.arange(-h, h + 1)
        window = steps[:, None] * len(padded[0]) + steps
        x, y, *shape = (s[i] for s in spots)
        dx, dy = (column[i] - x)[:, None] + steps, (row[i] - y)[:, None] + steps
        marks = spot(dx.astype(np.float32), dy.astype(np.float32), *shape)
        pixels = centre[i, None, None] + window
        np.add.at(padded.reshape(-1), pixels.ravel(), marks.ravel())  # flat: 7 times as fast
    canvas += padded[:, margin:-margin, margin:-margin]


def clouds(rng: np.random.Generator, n: int, size: int, waves: int) -> np.ndarray:
    """Smooth random fields of about unit variance, float32, shape (n, size, size).

    Sums of `waves` by `waves` cosines: the same field at every size.
    """
    order = np.arange(waves)
    position = (np.arange(size)[:, None] + 0.5) / size
    basis = np.cos(np.pi * position * order).astype(np.float32)
    falloff = 1 / (1 + np.hypot(order[:, None], order))
    falloff[0, 0] = 0
    weights = 2 * rng.standard_normal((n, waves, waves)) * falloff / np.sqrt((falloff**2).sum())
    return basis @ weights.astype(np.float32) @ basis.T


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x of each column, shape (1, 1, size), and y of each row, shape (1, size, 1); float32."""
    line = ((np.arange(size) + 0.5) * 2 / size - 1).astype(np.float32)
    return line[None, None, :], line[None, :, None]


def edge(value: np.ndarray, softness: float) -> np.ndarray:
    """0 below zero and 1 above, with a ramp `softness` wide."""
    return np.clip(value / softness + 0.5, 0, 1)


def cover(image: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> None:
    """Cover the images with a colour, in place.

    Parameters
    ----------
    image : shape (n, 3, size, size)
    mask : shape (n, size, size), 0 to 1
    colour : shape (3,) or (n, 3)
    """
    image += mask[:, None] * (colour[..., None, None] - image)
