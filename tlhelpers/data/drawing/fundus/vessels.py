"""The vessel tree: eight great vessels that arch out of the disc, branches, and theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.data.drawing.brushes import dots, edge
from tlhelpers.data.drawing.fundus.anatomy import FOVEA, Anatomy, Chance


@dataclass(frozen=True)
class Vessels:
    """Vessels of one order, in the eye's frame; float32.

    Attributes
    ----------
    u, v, heading : shape (n, vessels, points); heading in radians from the u axis
    width, depth, length : shape (n, vessels); width as a standard deviation, depth as
        absorbance in the middle
    """

    u: np.ndarray
    v: np.ndarray
    heading: np.ndarray
    width: np.ndarray
    depth: np.ndarray
    length: np.ndarray

    @classmethod
    def grow(cls, u, v, heading, width, depth, length) -> Vessels:
        """Follow the headings from the starting points u, v of shape (n, vessels)."""
        stride = (length / heading.shape[-1])[..., None]
        heading = heading.astype(np.float32)
        u = u[..., None] + np.cumsum(stride * np.cos(heading), axis=-1)
        v = v[..., None] + np.cumsum(stride * np.sin(heading), axis=-1)
        return cls(u, v, heading, width, depth, length)

    def draw(self, canvas: np.ndarray, anatomy: Anatomy) -> None:
        """Add the blood: thinner to the ends, fainter before the bright disc, none at the fovea."""
        points = self.u.shape[-1]
        width = self.width[..., None] * np.linspace(1, 0.5, points, dtype=np.float32)
        stride = (self.length / points)[..., None]
        # Dots one stride apart, at least half a stride wide, run together into a line; they add
        # up to sqrt(2 pi) * spread / stride times their height.
        spread = np.maximum(width, 0.5 * stride)
        dot = self.depth[..., None] * (width / spread) * stride / (np.sqrt(2 * np.pi) * spread)
        dot = dot * edge(np.hypot(self.u - FOVEA, self.v) - 0.13, 0.08)
        dot = dot * (0.4 + 0.6 * edge(np.hypot(self.u, self.v) - 0.11, 0.06))
        dots(canvas, *anatomy.place(self.u, self.v), spread, dot)


def wander(rng: np.random.Generator, shape: tuple[int, ...], points: int) -> np.ndarray:
    """Smooth random deviations of a heading, in radians; float32, shape (*shape, points)."""
    turns = np.linspace(0, 2 * np.pi, points, dtype=np.float32) * np.float32([[1.3], [2.6], [4.3]])
    phase = rng.uniform(0, 2 * np.pi, (*shape, 3, 1)).astype(np.float32)
    return 0.16 * np.sin(turns + phase).sum(axis=-2)


def draw_tree(rng: np.random.Generator, anatomy: Anatomy, size: int) -> np.ndarray:
    """Absorbance of the normal vessels, float32, shape (n, size, size)."""
    canvas = np.zeros((len(anatomy), size, size), np.float32)
    fine = np.clip(size / 64, 1, 3)  # shorter strides where there are pixels to show them
    great = _great_vessels(rng, anatomy, points=int(60 * fine))
    branches = _branches(rng, great, anatomy, each=6, points=int(18 * fine))
    twigs = _branches(rng, branches, anatomy, each=2, points=int(7 * fine))
    for vessels in (great, branches, twigs):
        vessels.draw(canvas, anatomy)
    return canvas


def _great_vessels(rng: np.random.Generator, anatomy: Anatomy, points: int) -> Vessels:
    """Artery and vein to each corner: above and below, temporal (arching) and nasal."""
    chance = Chance(rng, len(anatomy))
    vein, up, nasal = np.float32(np.meshgrid([0, 1], [1, -1], [0, 1])).reshape(3, 8)
    start = 1.55 + 0.6 * nasal + 0.3 * (vein - 0.5) + chance.each(-0.16, 0.16, 8)
    end = -0.22 + 2.97 * nasal + chance.each(-0.15, 0.15, 8)
    reach = anatomy.arcade[:, None] * (1 + 0.16 * (vein - 0.5))
    length = np.broadcast_to(1.75 - 0.65 * nasal, start.shape)
    travelled = np.linspace(0, 1, points, dtype=np.float32) * (length / reach)[..., None]
    heading = end[..., None] + (start - end)[..., None] * np.exp(-(travelled**1.3))
    heading += anatomy.winding[:, None, None] * wander(rng, start.shape, points)
    width = (0.0135 + 0.004 * vein) * (1 - 0.25 * nasal) * anatomy.calibre[:, None]
    depth = np.broadcast_to(0.48 + 0.22 * vein, start.shape)
    # They come out around the middle of the disc, not all at one point.
    jitter = chance.each(-0.015, 0.015, 2, 8).swapaxes(0, 1)
    u, v = 0.03 * np.stack([np.cos(start), up * np.sin(start)]) + jitter
    return Vessels.grow(u, v, heading * up[:, None], width, depth, length)


def _branches(
    rng: np.random.Generator, parents: Vessels, anatomy: Anatomy, each: int, points: int
) -> Vessels:
    """`each` branches of every parent, spread along it, to the one and the other side."""
    n, vessels, steps = parents.u.shape
    shape = (n, vessels, each)
    along = 0.88 * (np.arange(each) + rng.uniform(0.25, 0.95, shape)) / each
    at = (along * steps).astype(int)
    u, v, heading = (np.take_along_axis(a, at, 2) for a in (parents.u, parents.v, parents.heading))
    side = (-1) ** np.arange(each) * rng.choice([-1, 1], (n, vessels, 1))
    leave, bend = side * rng.uniform(0.55, 1.05, shape), side * rng.uniform(-1.0, 0.2, shape)
    heading = (heading + leave)[..., None] + bend[..., None] * np.linspace(0, 1, points)
    heading = heading + 1.2 * anatomy.winding[:, None, None, None] * wander(rng, shape, points)
    width = 0.72 * parents.width[..., None] * (1 - 0.55 * along)
    depth = np.broadcast_to(0.88 * parents.depth[..., None], shape)
    length = parents.length[..., None] * rng.uniform(0.22, 0.42, shape)
    grown = (a.reshape(n, vessels * each) for a in (width, depth, length))
    u, v = u.reshape(n, -1), v.reshape(n, -1)
    return Vessels.grow(u, v, heading.reshape(n, -1, points), *grown)
