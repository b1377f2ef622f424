"""What an eye is like: the numbers that fellow eyes share, and its ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlhelpers.data.drawing import brushes
from tlhelpers.data.drawing.brushes import blots, clouds, cover, dots, edge, grid

FOVEA = 0.66  # from the disc, where 1 is half the image: 15 degrees of a 45-degree field
MELANIN = np.float32([0.45, 0.80, 0.95])[:, None, None]  # absorption of red, green, blue
DRUSEN = np.float32([0.92, 0.66, 0.32])
DISC = np.float32([1.00, 0.65, 0.36])
CUP = np.float32([1.00, 0.81, 0.54])


class Chance(brushes.Chance):
    """Random numbers for patients with two eyes each, left first."""

    def shared(self, low: float, high: float, *shape: int, jitter: float = 0.0) -> np.ndarray:
        """Uniform numbers that fellow eyes share, up to `jitter` times the range."""
        common = self.rng.uniform(low, high, (self.n // 2, *shape)).repeat(2, axis=0)
        own = self.each(-0.5, 0.5, *shape)
        return (common + jitter * (high - low) * own).astype(np.float32)


@dataclass(frozen=True)
class Anatomy:
    """Eyes, fellow eyes adjacent; float32 arrays, shape (n,) unless said otherwise.

    Attributes
    ----------
    side : 1 for a left eye (disc on the left of the image), -1 for a right one
    disc : shape (n, 2), centre of the optic disc in image coordinates
    disc_radius, cup : radius of the disc; radius of its cup as a share of the disc's
    zoom, tilt : magnification of the camera; roll of the head in radians
    ground : shape (n, 3), colour without melanin
    melanin : how dark the ground is
    arcade, winding, calibre : reach of the great vessels, how they wind, how wide they are
    """

    side: np.ndarray
    disc: np.ndarray
    disc_radius: np.ndarray
    cup: np.ndarray
    zoom: np.ndarray
    tilt: np.ndarray
    ground: np.ndarray
    melanin: np.ndarray
    arcade: np.ndarray
    winding: np.ndarray
    calibre: np.ndarray

    def __len__(self) -> int:
        return len(self.side)

    @classmethod
    def draw(cls, rng: np.random.Generator, eyes: int) -> Anatomy:
        """New patients: what fellow eyes share, and where the camera looked."""
        chance = Chance(rng, eyes)
        side = np.tile(np.float32([1, -1]), eyes // 2)
        zoom = chance.shared(0.90, 1.15)
        fovea_x = chance.each(-0.10, 0.38)  # some images centre the macula, some less
        disc_x = side * (fovea_x - zoom * FOVEA)
        colour = ((0.80, 0.95), (0.42, 0.54), (0.18, 0.32))
        return cls(
            side=side,
            disc=np.stack([disc_x, chance.each(-0.14, 0.14)], axis=1),
            disc_radius=zoom * chance.shared(0.125, 0.165, jitter=0.2),
            cup=chance.shared(0.30, 0.60, jitter=0.2),
            zoom=zoom,
            tilt=chance.each(-0.20, 0.12),
            ground=np.stack([chance.shared(*limits) for limits in colour], axis=1),
            melanin=chance.shared(0.0, 0.9, jitter=0.05),
            arcade=chance.shared(0.36, 0.50, jitter=0.3),
            winding=chance.shared(0.5, 1.6, jitter=0.2),
            calibre=chance.shared(0.85, 1.20, jitter=0.1),
        )

    def place(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Image coordinates of points of the eye's frame; all of shape (n, ...)."""
        across, down, side, zoom, tilt = (
            a.reshape(-1, *[1] * (u.ndim - 1))
            for a in (*self.disc.T, self.side, self.zoom, self.tilt)
        )
        cos, sin = zoom * np.cos(tilt), zoom * np.sin(tilt)
        return across + side * (u * cos - v * sin), down + u * sin + v * cos

    def fovea(self) -> tuple[np.ndarray, np.ndarray]:
        """Image coordinates of the fovea, shape (n,) each."""
        zero = np.zeros(len(self), np.float32)
        return self.place(zero + FOVEA, zero)

    def retina(
        self, rng: np.random.Generator, spots: int, quadrants: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random places in the image, off the disc; x and y, shape (n, spots).

        With `quadrants`, one quarter of the retina after the other.
        """
        angle = rng.uniform(0, 2 * np.pi, (len(self), spots))
        if quadrants:
            angle = angle / 4 + np.arange(spots) * np.pi / 2
        radius = 0.80 * np.sqrt(rng.uniform(0.01, 1, angle.shape))
        centre_x, centre_y = self.disc[:, :1], self.disc[:, 1:]
        dx, dy = radius * np.cos(angle) - centre_x, 0.88 * radius * np.sin(angle) - centre_y
        push = np.maximum(1.6 * self.disc_radius[:, None] / np.hypot(dx, dy).clip(1e-3), 1)
        return centre_x + push * dx, centre_y + push * dy


def scatter(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, pieces: int, spread: float):
    """`pieces` places around each of (x, y); two arrays of shape (*x.shape, pieces)."""
    away = spread * rng.standard_normal((2, *x.shape, pieces))
    return x[..., None] + away[0], y[..., None] + away[1]


def draw_ground(rng: np.random.Generator, anatomy: Anatomy, size: int) -> np.ndarray:
    """The retina without its vessels, shape (n, 3, size, size): pigment, drusen, disc."""
    pigment = _pigment(rng, anatomy, size)
    image = anatomy.ground[:, :, None, None] * np.exp(-pigment[:, None] * MELANIN)
    cover(image, _drusen(rng, anatomy, size), DRUSEN)
    _draw_disc(rng, image, anatomy)
    return image


def _pigment(rng: np.random.Generator, anatomy: Anatomy, size: int) -> np.ndarray:
    """Melanin: patchy, dense at the macula; now and then a naevus. Shape (n, size, size)."""
    chance = Chance(rng, len(anatomy))
    x, y = grid(size)
    fovea_x, fovea_y = (a[:, None, None] for a in anatomy.fovea())
    away = (x - fovea_x) ** 2 + (y - fovea_y) ** 2
    depth = chance.shared(0.3, 0.65, jitter=0.2)[:, None, None]
    pigment = anatomy.melanin[:, None, None] + 0.13 * clouds(rng, len(anatomy), size, 12)
    pigment += depth * (0.7 * np.exp(-away / 0.05) + 0.5 * np.exp(-away / 0.006))
    naevus = 0.5 * chance.happens(0.06, 1)
    blots(pigment, *anatomy.retina(rng, 1), chance.each(0.05, 0.10, 1), naevus)
    return pigment


def _drusen(rng: np.random.Generator, anatomy: Anatomy, size: int) -> np.ndarray:
    """Pale dots around the macula of some eyes with or without diabetes; (n, size, size)."""
    chance = Chance(rng, len(anatomy))
    pale = np.zeros((len(anatomy), size, size), np.float32)
    x, y = scatter(rng, *anatomy.fovea(), 9, 0.16)
    some = chance.happens(0.2, 1) & chance.happens(0.7, 9)
    dots(pale, x, y, chance.each(0.016, 0.03, 9), 0.5 * some)
    return pale.clip(max=0.8)


def _draw_disc(rng: np.random.Generator, image: np.ndarray, anatomy: Anatomy) -> None:
    """The optic disc with its cup, and a pale rim of thin retina around it."""
    chance = Chance(rng, len(anatomy))
    x, y = grid(image.shape[-1])
    radius, cup, side, disc_x, disc_y = (
        a[:, None, None] for a in (anatomy.disc_radius, anatomy.cup, anatomy.side, *anatomy.disc.T)
    )
    distance = np.hypot((x - disc_x) * 1.07, y - disc_y) / radius
    rim = chance.each(0, 0.3)[:, None, None]
    cover(image, rim * edge(1.35 - distance, 0.4), DISC)
    cover(image, 0.92 * edge(1 - distance, 0.25), DISC * chance.shared(0.85, 1.0)[:, None])
    distance = np.hypot(x - disc_x - 0.02 * side, y - disc_y) / (radius * cup)
    cover(image, 0.85 * edge(1 - distance, 0.6), CUP)
