"""The whole image: head, hair and what is around it, and what the camera makes of it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from tlhelpers.data.drawing.brushes import Chance, clouds, edge, grid
from tlhelpers.data.drawing.faces.expressions import draw_actions
from tlhelpers.data.drawing.faces.features import Actions, Face, bump, draw_features, line
from tlhelpers.data.drawing.faces.people import Frame, People

CHUNK = 16  # faces drawn at once: what fits a processor cache; another number, other images


def draw_chunk(seed: int, chunk: int, mixture: np.ndarray, size: int) -> np.ndarray:
    """Photographs of one chunk of people.

    Parameters
    ----------
    seed, chunk : who is in the images: all random numbers hang on these two alone
    mixture : float array, shape (CHUNK, 8), share of each emotion in what a face shows
    size : pixels along a side

    Returns
    -------
    uint8 array, shape (CHUNK, size, size, 1)
    """
    # One stream for each part, so that no part shifts the numbers of another.
    parts = np.random.SeedSequence([seed, chunk]).spawn(5)
    who, muscles, scene, camera, grain = (np.random.default_rng(part) for part in parts)
    people = People.draw(who, len(mixture))
    actions = draw_actions(muscles, mixture)
    return _photograph(camera, grain, draw_scene(scene, people, actions, size))


def draw_scene(rng: np.random.Generator, people: People, actions: Actions, size: int) -> np.ndarray:
    """People before the camera sees them: light that comes from each place, (n, size, size)."""
    n = len(people.x)
    chance = Chance(rng, n)
    frame = Frame.of(people, size)
    depth, head = _head(frame, people, actions)
    face = Face(0.75 * np.sqrt((1 - depth).clip(0.03)), np.zeros_like(depth) + people.tone)
    face.colour[...] *= 1 + 0.035 * clouds(rng, n, size, 10)
    draw_features(face, frame, people, actions)
    image = _background(chance, frame, people, size)
    light = _light(chance, face.relief, people, size)
    image += head * (face.colour * light - image)
    _hair(chance, image, frame, people, size)
    _glasses(image, frame, people)
    _in_front(chance, image, frame, people, size)
    return image


def _head(frame: Frame, people: People, act: Actions) -> tuple[np.ndarray, np.ndarray]:
    """How far out on the head (0 to 1), and where it is; shape (n, size, size) each."""
    chin = people.chin + 0.11 * act["jaw_drop"].clip(0)
    side = np.abs(frame.a) / people.width
    down = frame.b.clip(0) / chin
    # The jaw: as wide as the skull below the eyes, then narrower, the squarer the later.
    out = side**2 + np.where(frame.b < 0, (frame.b / 1.05) ** 2, down**people.jaw)
    head = edge(1 - out, np.maximum(2.5 * frame.pixel, 0.08))
    ear = bump((np.abs(frame.a) - people.width) / 0.08, (frame.b - 0.05) / 0.17)
    return out, np.maximum(head, edge(ear - 0.4, 0.3))


def _light(chance: Chance, relief: np.ndarray, people: People, size: int) -> np.ndarray:
    """Light on the relief from a lamp and from all around (Lambert), (n, size, size)."""
    down, right = np.gradient(relief, 2 / size, axis=(1, 2))
    right, down = right.clip(-2.5, 2.5), down.clip(-2.5, 2.5)
    angle = chance.each(-np.pi, 0, 1, 1)  # from above, left or right
    slant = chance.each(0.1, 1.0, 1, 1)
    x, y = slant * np.cos(angle), 0.8 * slant * np.sin(angle) - 0.1
    facing = (1 - right * x - down * y) / np.sqrt(1 + right**2 + down**2)
    facing /= np.sqrt(1 + x * x + y * y)
    around = chance.each(0.25, 0.6, 1, 1)
    return around + (1.15 - around) * facing.clip(0)


def _background(chance: Chance, frame: Frame, people: People, size: int) -> np.ndarray:
    """Wall, neck and clothes, shape (n, size, size)."""
    n, (x, y) = chance.n, grid(size)
    wall = np.where(chance.happens(0.35, 1, 1), 0.95, chance.each(0.03, 0.9, 1, 1))
    slope = chance.each(-0.15, 0.15, 2, 1, 1)
    rough = chance.each(0, 0.16, 1, 1) * chance.happens(0.6, 1, 1)
    wall = wall + slope[:, 0] * x + slope[:, 1] * y + rough * clouds(chance.rng, n, size, 8)
    a, b = frame.a, frame.b
    neck = edge(people.width * 0.62 + 0.3 * (b - 1).clip(0) - np.abs(a), 0.08) * edge(b - 0.4, 0.1)
    wall += neck * (people.tone * (0.55 - 0.15 * edge(1.05 - b, 0.3)) - wall)
    clothes = edge(b - 1.12 + 0.10 * np.cos(3 * a), 0.06)
    wall += clothes * (chance.each(0.05, 0.9, 1, 1) - wall)
    return wall.clip(0, 1).astype(np.float32)


def _hair(chance: Chance, image: np.ndarray, frame: Frame, people: People, size: int) -> None:
    """Hair above the hairline and beside the face, with strands and a shine."""
    a, b = frame.a, frame.b
    outer = (a / (people.width + people.hair_volume)) ** 2
    out = np.where(b < 0, outer + (b / (1.05 + people.hair_volume)) ** 2, outer)
    cap = edge(1 - out, 0.12)
    lean = chance.each(-0.25, 0.25, 1, 1)
    fringe = -0.42 - 0.28 * people.hairline + 0.10 * chance.each(-1, 1, 1, 1) * np.cos(4 * a)
    above = edge(fringe + 0.30 * a * a + lean * a - frame.v, 0.10)
    # At the sides down to the ears, or as long as it is.
    beside = edge(np.abs(a) - people.width * (0.97 - 0.10 * edge(-b - 0.1, 0.6)), 0.07)
    beside = beside * edge(people.length - 0.05 - b, 0.25)
    mask = cap * np.maximum(above, beside) * (people.hairline < 0.9)
    strands = 1 + 0.14 * clouds(chance.rng, chance.n, size, 24)
    shine = 1 + 0.5 * bump((a - lean) / 0.4, (b + 0.8) / 0.18)
    tone = people.hair_tone * strands * shine + 0.01
    image += 0.96 * mask * (tone - image)


def _glasses(image: np.ndarray, frame: Frame, people: People) -> None:
    """Frames around the eyes; a few are dark."""
    side, v = np.abs(frame.u), frame.v
    away = np.sqrt(((side - 0.30) / 0.20) ** 2 + ((v + 0.11) / 0.165) ** 2)
    rim = np.maximum(
        line((away - 1) * 0.18, 0.022, frame.pixel),
        line(v + 0.15, 0.02, frame.pixel) * (side < 0.11),
    )
    some = np.maximum(people.glasses, people.dark_glasses)
    image *= 1 - 0.8 * some * rim
    image *= 1 - 0.88 * people.dark_glasses * edge(1 - away, 0.15)


def _in_front(chance: Chance, image: np.ndarray, frame: Frame, people: People, size: int) -> None:
    """Now and then a hand at the face, and letters over the image."""
    some = chance.happens(0.08, 1, 1)
    angle, reach = chance.each(0.15, np.pi - 0.15, 1, 1), chance.each(0.65, 0.85, 1, 1)
    a = frame.a - reach * np.cos(angle)
    b = frame.b - 0.1 - reach * np.sin(angle)
    along, across = a * np.cos(angle) + b * np.sin(angle), b * np.cos(angle) - a * np.sin(angle)
    hand = edge(0.26 - np.abs(across), 0.06) * edge(along + 0.16 - 0.6 * across**2, 0.06)
    gaps = 0.75 + 0.25 * np.abs(np.cos(across * 18)).clip(0.2)
    image += some * hand * (people.tone * gaps * (1 - 1.2 * across**2) - image)
    x, y = grid(size)
    row = chance.each(0.2, 0.95, 1, 1) * np.where(chance.happens(0.5, 1, 1), np.float32(1), -1)
    letters = np.cos(x * chance.each(25, 45, 1, 1)) * np.cos(y * 9 + x * 14)
    band = edge(0.10 - np.abs(y - row), 0.05) * edge(letters - 0.2, 0.4)
    image += 0.35 * chance.happens(0.08, 1, 1) * band * (0.9 - image)


def _photograph(
    camera: np.random.Generator, grain: np.random.Generator, image: np.ndarray
) -> np.ndarray:
    """Mirror, blur and develop; uint8, shape (n, size, size, 1)."""
    n, size, _ = image.shape
    chance = Chance(camera, n)
    mirrored = chance.happens(0.5)
    image[mirrored] = image[mirrored, :, ::-1]
    blur = size * (0.004 + 0.012 * chance.each(0, 1) ** 4)
    for one, sigma in zip(image, blur, strict=True):
        gaussian_filter(one, sigma, output=one, mode="nearest", truncate=3)
    # Developed to some brightness and contrast, as photographs in the press and on the web are.
    middle = image.mean(axis=(1, 2), keepdims=True)
    spread = image.std(axis=(1, 2), keepdims=True).clip(0.05)
    wanted, bright = chance.each(0.15, 0.30, 1, 1), chance.each(0.33, 0.66, 1, 1)
    gain = (wanted / spread).clip(0.5, 1.7)
    image = bright + gain * (image - middle)
    noise = grain.standard_normal(image.shape, np.float32)
    image += (0.004 + 0.018 * chance.each(0, 1, 1, 1) ** 2) * noise
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)[..., None]
