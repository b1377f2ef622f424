"""Images drawn on the spot, with the structure of the real sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.data.drawing.faces.opinions import draw_labels, draw_opinions, draw_votes
from tlhelpers.data.drawing.faces.photograph import CHUNK as FACES_AT_ONCE
from tlhelpers.data.drawing.faces.photograph import draw_chunk as draw_faces
from tlhelpers.data.drawing.fundus.grades import GRADE_SHARES, GRADES, LABEL_NOISE, draw_grades
from tlhelpers.data.drawing.fundus.photograph import CHUNK as PATIENTS_AT_ONCE
from tlhelpers.data.drawing.fundus.photograph import draw_chunk as draw_patients
from tlhelpers.data.votes import EMOTIONS, plurality

__all__ = [
    "GRADES",
    "GRADE_SHARES",
    "LABEL_NOISE",
    "DUPLICATE_SHARE",
    "draw_grades",
    "face_images",
    "faces",
    "fundus",
    "grade_images",
]

SMALLEST = 32  # pixels along a side; below, lesions and eyes are gone

DUPLICATE_SHARE = 279 / 3_579
"""Share of FER+'s validation images whose exact pixels are also a training image."""


def fundus(
    patients: int, size: int, seed: int, *, label_noise: float = LABEL_NOISE, progress: bool = False
) -> Dataset:
    """Fundus photographs of both eyes of each patient, like EyePACS's.

    Shares of the grades and likeness of fellow eyes are EyePACS's, as recorded, with the noise.
    Lesions are larger and fewer than in life, so that they show in small images.

    Parameters
    ----------
    patients : int
        Each has two images, left eye first. Patient k is the same however many are asked for.
    size : int
        Pixels along a side, at least 32. A patient looks the same at every size.
    seed : int
        Other seed, other patients.
    label_noise : float
        Share of eyes whose recorded grade is one off the drawn one, 0 to 0.05.
    progress : bool
        Whether to show a bar, where somebody watches.

    Returns
    -------
    Dataset
        Classes "no DR" (recorded grade 0) and "DR" (1 to 4); groups are patients.

    Raises
    ------
    CourseError
        A number out of range.
    """
    _check("patients", patients, 1)
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    drawn, recorded = draw_grades(patients, seed, label_noise)
    grades = recorded.reshape(-1)
    return Dataset(
        images=_draw_eyes(drawn, size, seed, progress),
        labels=(grades >= 1).astype(np.int64),
        groups=np.arange(patients, dtype=np.int64).repeat(2),
        grades=grades,
        classes=("no DR", "DR"),
    )


def grade_images(grade: int, count: int, size: int, seed: int) -> np.ndarray:
    """Fundus photographs of one grade, for looking at.

    Parameters
    ----------
    grade : int
        Index into GRADES; what is drawn, without label noise.
    count, size, seed : int
        As in `fundus`, but `count` images. The same eyes come back for every grade: only
        what is in them differs.

    Returns
    -------
    uint8 array, shape (count, size, size, 3)
    """
    if grade not in range(len(GRADES)):
        raise CourseError(f"grade is {grade}: choose 0 to {len(GRADES) - 1}.")
    _check("count", count, 1)
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    return _draw_eyes(np.full((-(-count // 2), 2), grade), size, seed)[:count]


def faces(
    n_train: int,
    n_validation: int,
    seed: int,
    size: int = 48,
    duplicates: bool = True,
    progress: bool = False,
) -> Split:
    """Grey faces with eight expressions and the votes of ten people on each, like FER+'s.

    Labels (by `votes.plurality`) come in the shares of FER+'s training set on both sides.
    Votes are mixed up as there, and a face shows the mixture that its votes were drawn from:
    a faint smile gets votes for "neutral". All ten people name an emotion; "unknown" and "not
    a face" are left out. There are no profiles, cartoons, children or tears, and few hands.

    Parameters
    ----------
    n_train, n_validation : int
        Images on each side. The validation images do not hang on `n_train` and `duplicates`.
    seed : int
        Other seed, other people.
    size : int
        Pixels along a side, at least 32. A face looks the same at every size.
    duplicates : bool
        Whether DUPLICATE_SHARE of the validation images stand in training as well, pixel by
        pixel. Ten other people voted on the copy, so one duplicate in ten differs in label
        (12 % of FER+'s pairs across the split). Without duplicates the training images concerned
        are other faces; all the rest is the same.
    progress : bool
        Whether to show a bar, where somebody watches.

    Returns
    -------
    Split
        Classes are `votes.EMOTIONS`; images are grey, shape (n, size, size, 1); `votes` is
        given; grades are the labels again; each image is its own group, as in the real set.

    Raises
    ------
    CourseError
        A number out of range.
    """
    _check("n_train", n_train, 1)
    _check("n_validation", n_validation, 1)
    _check("seed", seed, 0)
    _check("size", size, SMALLEST)
    # Validation comes first and each part has its own stream: what is asked of training, duplicates
    # among it, leaves the validation images as they are. The third number keeps these streams
    # apart from those of the chunks, which start from two.
    sizes = (n_validation, n_train)
    *sides, pairs = map(np.random.default_rng, np.random.SeedSequence([seed, 0, 1]).spawn(3))
    labels = [draw_labels(rng, n) for rng, n in zip(sides, sizes, strict=True)]
    seen = [draw_opinions(rng, side) for rng, side in zip(sides, labels, strict=True)]
    mixture, votes = (np.concatenate(both) for both in zip(*seen, strict=True))
    images = _draw_faces(mixture, size, seed, progress)
    if duplicates:
        count = min(round(DUPLICATE_SHARE * n_validation), n_train)
        original = pairs.choice(n_validation, count, replace=False)
        copy = n_validation + pairs.choice(n_train, count, replace=False)
        images[copy] = images[original]
        votes[copy] = draw_votes(pairs, mixture[original])
    labels = plurality(votes).labels
    whole = Dataset(
        images=images,
        labels=labels,
        groups=np.arange(len(labels)),
        grades=labels,
        classes=EMOTIONS,
        votes=votes,
    )
    training = whole.groups >= n_validation
    return Split(whole.subset(training), whole.subset(~training))


def face_images(
    emotion: str, count: int, size: int, seed: int, *, strength: float = 1.0
) -> np.ndarray:
    """Faces with one expression, for looking at.

    Parameters
    ----------
    emotion : str
        One of `votes.EMOTIONS`.
    count, size, seed : int
        As in `faces`. The same people come back for every emotion and strength: only their
        expression differs.
    strength : float
        From 0 (neutral) to 1 (what everybody would name).

    Returns
    -------
    uint8 array, shape (count, size, size, 1)

    Raises
    ------
    CourseError
        No such emotion, or a number out of range.
    """
    if emotion not in EMOTIONS:
        raise CourseError(f"emotion is {emotion!r}: choose one of {', '.join(EMOTIONS)}.")
    if not 0 <= strength <= 1:
        raise CourseError(f"strength is {strength}: choose 0 to 1.")
    _check("count", count, 1)
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    shown = np.eye(len(EMOTIONS))[EMOTIONS.index(emotion)]
    mixture = strength * shown + (1 - strength) * np.eye(len(EMOTIONS))[0]
    return _draw_faces(np.tile(mixture, (count, 1)), size, seed)


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise CourseError(f"{name} is {value}: choose a whole number from {least}.")


def _draw_eyes(grades: np.ndarray, size: int, seed: int, progress: bool = False) -> np.ndarray:
    """Both eyes of patients with grades (patients, 2): uint8, (2 * patients, size, size, 3)."""
    return _draw(draw_patients, 2 * PATIENTS_AT_ONCE, 3, grades.reshape(-1), size, seed, progress)


def _draw_faces(mixture: np.ndarray, size: int, seed: int, progress: bool = False) -> np.ndarray:
    """Faces that show mixtures of emotions (n, 8): uint8, shape (n, size, size, 1)."""
    return _draw(draw_faces, FACES_AT_ONCE, 1, mixture, size, seed, progress)


def _draw(
    draw_chunk: Callable[[int, int, np.ndarray, int], np.ndarray],
    at_once: int,
    channels: int,
    wanted: np.ndarray,
    size: int,
    seed: int,
    progress: bool,
) -> np.ndarray:
    """Images of what is wanted, a row each: uint8, shape (n, size, size, channels)."""
    images = np.empty((len(wanted), size, size, channels), np.uint8)
    chunks = range(-(-len(wanted) // at_once))
    for chunk in bar(chunks, desc="drawing") if progress else chunks:
        # Chunks are always drawn whole, so that no image hangs on how many are asked for.
        rows = np.arange(chunk * at_once, (chunk + 1) * at_once).clip(max=len(wanted) - 1)
        part = images[chunk * at_once :][:at_once]
        part[:] = draw_chunk(seed, chunk, wanted[rows], size)[: len(part)]
    return images
