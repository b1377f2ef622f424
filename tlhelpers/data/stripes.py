"""Small images that a small network learns in seconds, and validation sets with something wrong.

For pages on which a reader breaks a training and repairs it. Loads without Keras.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlhelpers.core.errors import CourseError

CLASSES = 5
_SIZE = 16

Side = tuple[np.ndarray, np.ndarray]


def images(n: int, seed: int, noise: float = 60) -> Side:
    """Noisy stripes; the class is their direction.

    Parameters
    ----------
    n : int
    seed : int
    noise : float
        Standard deviation; the stripes themselves are 40 high.

    Returns
    -------
    float32 array, shape (n, 16, 16, 3)
        From 0 to 255.
    int array, shape (n,)
        0 to 4.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, n)
    turn = (labels * np.pi / CLASSES)[:, None, None]
    row, column = np.mgrid[:_SIZE, :_SIZE]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(np.cos(turn) * row + np.sin(turn) * column + phase)[..., None]
    drawn = 128 + 40 * wave + rng.normal(0, noise, (n, _SIZE, _SIZE, 3))
    return np.clip(drawn, 0, 255).astype("float32"), labels


def _augmented(x: np.ndarray, y: np.ndarray) -> Side:
    rng = np.random.default_rng()  # another draw whenever it is asked
    turned = [np.rot90(image, rng.integers(4)) for image in x]
    return np.stack(turned), y


def _scaled(x: np.ndarray, y: np.ndarray) -> Side:
    return x / 255, y


def _shuffled(x: np.ndarray, y: np.ndarray) -> Side:
    return x, np.random.default_rng(0).permutation(y)


def _sorted(x: np.ndarray, y: np.ndarray) -> Side:
    last = y == CLASSES - 1
    return x[last], y[last]


FAULTS: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], Side]]] = {
    "A": ("scaled", _scaled),
    "B": ("augmented", _augmented),
    "C": ("sorted", _sorted),
    "D": ("shuffled", _shuffled),
}
"""What is wrong with each pipeline of `pipeline`, in a word, and what does it."""


def pipeline(letter: str, x: np.ndarray, y: np.ndarray) -> Callable[[], Side]:
    """A validation pipeline with a fault: it gives images and labels whenever it is called.

    Parameters
    ----------
    letter : str
        "A" to "D".
    x : array, shape (n, 16, 16, 3)
    y : int array, shape (n,)
        What it would give if nothing were wrong.

    Returns
    -------
    function

    Raises
    ------
    CourseError
        Another letter.
    """
    if letter not in FAULTS:
        raise CourseError(f"There is no pipeline '{letter}': choose from {', '.join(FAULTS)}.")
    return lambda: FAULTS[letter][1](x, y)
