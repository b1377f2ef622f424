"""The whole image, and what the camera makes of it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from tlhelpers.data.drawing.brushes import clouds, cover, dots, edge, grid
from tlhelpers.data.drawing.fundus.anatomy import Anatomy, Chance, draw_ground
from tlhelpers.data.drawing.fundus.lesions import draw_lesions
from tlhelpers.data.drawing.fundus.vessels import draw_tree

CHUNK = 16  # patients drawn at once; changing it changes every image
BLOOD = np.float32([0.42, 1.25, 1.20])[:, None, None]  # absorption of red, green, blue
EXUDATE = np.float32([1.00, 0.86, 0.42])
COTTON = np.float32([0.96, 0.86, 0.64])
STRAY = np.float32([0.80, 0.82, 0.84])[:, None, None]


def draw_chunk(seed: int, chunk: int, grades: np.ndarray, size: int) -> np.ndarray:
    """Photographs of both eyes of one chunk of patients.

    Parameters
    ----------
    seed, chunk : which patients: all random numbers hang on these two alone
    grades : int array, shape (2 * CHUNK,), what to draw in each eye
    size : pixels along a side

    Returns
    -------
    uint8 array, shape (2 * CHUNK, size, size, 3)
    """
    # One stream for each part, so that no part shifts the numbers of another.
    parts = np.random.SeedSequence([seed, chunk]).spawn(6)
    eye, ground, tree, disease, camera, grain = (np.random.default_rng(part) for part in parts)
    anatomy = Anatomy.draw(eye, 2 * CHUNK)
    image = draw_ground(ground, anatomy, size)
    lesions = draw_lesions(disease, anatomy, grades, size)
    cover(image, lesions.exudate, EXUDATE)
    cover(image, lesions.cotton, COTTON)
    blood = draw_tree(tree, anatomy, size) + lesions.blood
    image *= np.exp(-blood[:, None] * BLOOD)
    return _photograph(camera, grain, image)


def _photograph(
    camera: np.random.Generator, grain: np.random.Generator, image: np.ndarray
) -> np.ndarray:
    """Light the eyes, blur, crop and develop; uint8, shape (n, size, size, 3)."""
    n, _, size, _ = image.shape
    chance = Chance(camera, n)
    image *= _light(chance, size)[:, None]
    image *= _exposure(chance)[:, :, None, None]
    image += _stray_light(chance, size)[:, None] * STRAY
    blur = size * (0.002 + 0.013 * chance.each(0, 1) ** 3)
    for one, sigma in zip(image, blur, strict=True):
        gaussian_filter(one, (0, sigma, sigma), output=one, mode="nearest", truncate=3)
    contrast = chance.shared(-0.15, 0.15)[:, None, None, None]
    image *= 1 + contrast * (1 - image)
    image *= _aperture(chance, size)[:, None]
    strength = chance.each(0.004, 0.022)[:, None, None, None]
    noise = grain.standard_normal(image.shape, np.float32)
    image += np.multiply(strength, noise, out=noise)
    return np.moveaxis((image.clip(0, 1) * 255 + 0.5).astype(np.uint8), 1, -1)


def _light(chance: Chance, size: int) -> np.ndarray:
    """Illumination that falls off from a place off centre, and dust; shape (n, size, size)."""
    x, y = grid(size)
    centre_x, centre_y = chance.each(-0.5, 0.5, 2, 1, 1).swapaxes(0, 1)
    fall = chance.shared(0.1, 0.5, jitter=0.3)[:, None, None]
    shade = fall * ((x - centre_x) ** 2 + (y - centre_y) ** 2)
    # Dust lies on the lens: grey, and at the same place in both of a patient's images.
    dust_x, dust_y = (chance.shared(-0.7, 0.7, 3) for _ in range(2))
    some = (chance.shared(0, 1, 1) < 0.35) & (chance.shared(0, 1, 3) < 0.6)
    dots(shade, dust_x, dust_y, chance.shared(0.02, 0.035, 3), 0.5 * some)
    return np.exp(-shade) * (1 + 0.06 * clouds(chance.rng, chance.n, size, 4))


def _exposure(chance: Chance) -> np.ndarray:
    """Brightness of each image and white balance of each camera, shape (n, 3)."""
    gain = chance.shared(0.75, 1.15, 1) * chance.each(0.9, 1.1, 1)
    balance = np.float32([1.04, 0.97, 1.0]) + np.float32([0.08, 0.06, 0.2]) * chance.shared(
        -1, 1, 3, jitter=0.1
    )
    return gain * balance


def _stray_light(chance: Chance, size: int) -> np.ndarray:
    """Haze, and in some images a pale crescent along the border; shape (n, size, size)."""
    x, y = grid(size)
    angle = chance.each(0, 2 * np.pi, 1, 1)
    towards = edge(x * np.cos(angle) + y * np.sin(angle) - 0.55, 0.5)
    crescent = np.exp(-(((np.hypot(x, y) - 0.86) / 0.09) ** 2)) * towards
    strength = 0.4 * chance.happens(0.2, 1, 1) * chance.each(0.3, 1, 1, 1)
    return strength * crescent + 0.15 * chance.each(0, 1, 1, 1) ** 3


def _aperture(chance: Chance, size: int) -> np.ndarray:
    """The camera's round mask; some are cut above and below, some have a notch. 0 to 1."""
    x, y = grid(size)
    soft = 0.012 + 2 / size
    radius = chance.shared(0.92, 1.02, 1, 1)
    mask = edge(radius - np.hypot(x - chance.each(-0.02, 0.02, 1, 1), y), soft)
    cut = np.where(chance.shared(0, 1, 1, 1) < 0.35, chance.shared(0.78, 0.92, 1, 1), 2)
    mask = mask * edge(cut - np.abs(y), soft)
    notch = edge(0.06 - np.hypot(x - 0.7 * radius, y + 0.72 * radius), soft)
    return np.maximum(mask, notch * (chance.shared(0, 1, 1, 1) < 0.3)).astype(np.float32)
