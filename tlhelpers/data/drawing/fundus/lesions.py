"""What diabetes does to an eye, grade by grade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.data.drawing.brushes import blots, dots
from tlhelpers.data.drawing.fundus.anatomy import Anatomy, scatter
from tlhelpers.data.drawing.fundus.vessels import Vessels, wander

# Fewest and most lesions of a kind, by grade. The kinds follow the international scale
# (mild: microaneurysms only; severe: haemorrhages in all quadrants; proliferative: new
# vessels, preretinal blood); the numbers are what can still be told apart at 64 px.
MICROANEURYSMS = ((0, 0), (2, 5), (3, 9), (8, 14), (6, 12))
HAEMORRHAGES = ((0, 0), (0, 0), (1, 6), (16, 24), (5, 14))
EXUDATES = ((0, 0), (0, 0), (0, 3), (1, 3), (0, 3))
COTTON_WOOL = ((0, 0), (0, 0), (0, 0), (2, 4), (0, 2))
PROLIFERATION = ((0, 0), (0, 0), (0, 0), (0, 0), (1, 1))


@dataclass(frozen=True)
class Lesions:
    """What is added to the eyes; float32, shape (n, size, size), zero where there is nothing.

    Attributes
    ----------
    blood : absorbance of microaneurysms, haemorrhages and new vessels
    exudate, cotton : 0 to 1, how much yellow hard exudate and pale cotton wool hide the ground
    """

    blood: np.ndarray
    exudate: np.ndarray
    cotton: np.ndarray


def draw_lesions(
    rng: np.random.Generator, anatomy: Anatomy, grades: np.ndarray, size: int
) -> Lesions:
    """The lesions of each eye's grade (int array, shape (n,)), larger than life.

    No random number hangs on a grade: an eye drawn again with a higher one keeps its lesions.
    """
    blood, net, exudate, cotton = np.zeros((4, len(anatomy), size, size), np.float32)
    _microaneurysms(rng, blood, anatomy, _present(rng, grades, MICROANEURYSMS))
    _haemorrhages(rng, blood, anatomy, _present(rng, grades, HAEMORRHAGES))
    _exudates(rng, exudate, anatomy, _present(rng, grades, EXUDATES))
    _cotton_wool(rng, cotton, anatomy, _present(rng, grades, COTTON_WOOL))
    proliferation = _present(rng, grades, PROLIFERATION)
    _new_vessels(rng, net, anatomy, proliferation)
    _preretinal(rng, blood, anatomy, proliferation)
    # Where spots overlap they saturate: a pool of blood is no darker than a drop.
    return Lesions(
        blood=1.35 * (1 - np.exp(-blood)) + net,
        exudate=1 - np.exp(-exudate),
        cotton=0.9 * (1 - np.exp(-cotton)),
    )


def _present(
    rng: np.random.Generator, grades: np.ndarray, limits: tuple[tuple[int, int], ...]
) -> np.ndarray:
    """Which of the possible lesions of a kind an eye has; bool, shape (n, most of any grade)."""
    low, high = np.array(limits)[grades].T
    number = np.floor(low + rng.random(len(grades)) * (high - low + 1))
    return np.arange(np.max(limits)) < number[:, None]


def _microaneurysms(rng, blood, anatomy: Anatomy, present: np.ndarray) -> None:
    """Small red dots, some dark, some faint."""
    x, y = anatomy.retina(rng, present.shape[1])
    depth = rng.uniform(0.4, 1.4, x.shape)
    blots(blood, x, y, rng.uniform(0.019, 0.029, x.shape), depth * present)


def _haemorrhages(rng, blood, anatomy: Anatomy, present: np.ndarray) -> None:
    """Larger dark-red blots, uneven and some of them drawn out, all around."""
    x, y = scatter(rng, *anatomy.retina(rng, present.shape[1], quadrants=True), 3, 0.022)
    size = 0.05 * rng.uniform(0.42, 1, (*present.shape, 1)) * rng.uniform(0.6, 1.1, x.shape)
    aspect, angle = rng.uniform(1, 2.4, x.shape), rng.uniform(0, np.pi, x.shape)
    depth = rng.uniform(0.5, 1.6, (*present.shape, 1))
    blots(blood, x, y, size, depth * present[..., None], aspect, angle)


def _exudates(rng, exudate, anatomy: Anatomy, present: np.ndarray) -> None:
    """Clusters of sharp yellow specks."""
    x, y = scatter(rng, *anatomy.retina(rng, present.shape[1]), 8, 0.07)
    blots(exudate, x, y, rng.uniform(0.010, 0.024, x.shape), 1.4 * present[..., None])


def _cotton_wool(rng, cotton, anatomy: Anatomy, present: np.ndarray) -> None:
    """Pale patches with fluffy edges."""
    x, y = scatter(rng, *anatomy.retina(rng, present.shape[1]), 4, 0.028)
    dots(cotton, x, y, rng.uniform(0.030, 0.050, x.shape), 0.6 * present[..., None])


def _new_vessels(rng, net, anatomy: Anatomy, present: np.ndarray) -> None:
    """A tangle of fine vessels that grows out of the disc to one side."""
    shape = (len(anatomy), 22)
    heading = rng.uniform(0, 2 * np.pi, (shape[0], 1)) + rng.uniform(-1.1, 1.1, shape)
    points = 36
    curl = rng.uniform(-6, 6, (*shape, 1)) * np.linspace(0, 1, points)
    path = heading[..., None] + curl + 3 * wander(rng, shape, points)
    u, v = 0.10 * np.cos(heading), 0.10 * np.sin(heading)
    length = rng.uniform(0.2, 0.5, shape)
    vessels = Vessels.grow(u, v, path, np.full(shape, 0.007), 0.6 * present, length)
    vessels.draw(net, anatomy)


def _preretinal(rng, blood, anatomy: Anatomy, present: np.ndarray) -> None:
    """Blood before the retina settles: a boat with a level surface, drawn row by row."""
    x, y = anatomy.retina(rng, 1)
    width = rng.uniform(0.16, 0.28, x.shape)
    across, down = (a.ravel() for a in np.meshgrid(np.linspace(-1, 1, 11), np.linspace(0, 1, 6)))
    hull = across * np.sqrt(1 - 0.9 * down**2)
    blots(blood, x + width * hull, y + 0.75 * width * down, 0.035, 0.9 * present)
