"""The ten votes on each FER+ face, and the labels that can be made from them.

About ten people labelled each face (Barsoum et al. 2016, arXiv 1608.01041). What they disagree
on no model can get right, so their votes also say how good a model can be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

EMOTIONS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
)  # fmt: skip
"""In the order of FER+'s columns."""

NOT_EMOTIONS = ("unknown", "NF")
"""FER+'s other two columns: "I cannot tell", and "not a face"."""

COLUMNS = EMOTIONS + NOT_EMOTIONS


class Labels(NamedTuple):
    """Labels made from votes, and the images that the rule keeps.

    Attributes
    ----------
    labels : int64 array, shape (n,)
        Index into `EMOTIONS`; also given, but without meaning, where `keep` is False.
    keep : bool array, shape (n,)
    """

    labels: np.ndarray
    keep: np.ndarray


def plurality(votes: np.ndarray) -> Labels:
    """The emotion with the most votes; of equals, the first in FER+'s order.

    Votes for "unknown" and "NF" are not looked at. This keeps every image with a vote for
    any emotion: all but 2 of FER+'s 28,558 training images (their label, the first, is
    neutral), all 3,579 validation images.
    About one image in twenty has no single winner.

    Parameters
    ----------
    votes : int array, shape (n, 8) or (n, 10)
        Votes for each emotion, and for "unknown" and "NF" where they are known.

    Returns
    -------
    Labels
    """
    emotions = _emotions(votes)
    return Labels(emotions.argmax(axis=1), emotions.sum(axis=1) > 0)


def majority(votes: np.ndarray) -> Labels:
    """The emotion with more than half of all votes for emotions; other images are left out.

    Votes for "unknown" and "NF" are not counted: 4 of 4 is a majority even beside 6
    "unknown". Keeps 24,064 of FER+'s training images and 3,067 of its validation images.
    Parameters and result as in `plurality`.
    """
    emotions = _emotions(votes)
    return Labels(emotions.argmax(axis=1), 2 * emotions.max(axis=1) > emotions.sum(axis=1))


def clean_majority(votes: np.ndarray) -> Labels:
    """FER+'s own majority: single votes are dropped as slips, all ten columns are counted.

    The rule of `ferplus.py` in Microsoft's FERPlus, mode "majority": a column with one vote
    counts as none; the column with the most votes must then hold more than half of what is
    left; images where that is "unknown" or "NF" are left out. Keeps 25,045 training and
    3,191 validation images (measured). Since it drops images by how hard people found
    them, scores under it are not to be compared with scores on all.

    Parameters
    ----------
    votes : int array, shape (n, 10)
        All ten columns.

    Returns
    -------
    Labels
    """
    votes = np.asarray(votes)
    if votes.ndim != 2 or votes.shape[1] != len(COLUMNS):
        raise ValueError(f"votes must have shape (n, {len(COLUMNS)}), not {votes.shape}")
    repeated = np.where(votes > 1, votes, 0)
    emotions = _emotions(repeated)
    won = 2 * emotions.max(axis=1) > repeated.sum(axis=1)
    return Labels(emotions.argmax(axis=1), won)


RULES: dict[str, Callable[[np.ndarray], Labels]] = {
    "plurality": plurality,
    "majority": majority,
    "clean majority": clean_majority,
}
"""Ways to make labels from votes, by name."""


def soft_labels(votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each emotion in the votes for emotions, to train on as probabilities.

    Parameters
    ----------
    votes : int array, shape (n, 8) or (n, 10)
        As in `plurality`.

    Returns
    -------
    shares : float64 array, shape (n, 8)
        Rows sum to 1; an image without a vote for any emotion has a row of zeros.
    keep : bool array, shape (n,)
        Images with such a vote.
    """
    emotions = _emotions(votes)
    total = emotions.sum(axis=1, keepdims=True)
    return emotions / np.maximum(total, 1), total[:, 0] > 0


def entropy(votes: np.ndarray) -> np.ndarray:
    """Entropy of each image's votes for emotions in nats, shape (n,).

    0 if all agree, log(8) = 2.08 if they are spread evenly. In nats because its mean is the
    lowest categorical cross-entropy that any model can have on soft labels.
    """
    shares, _ = soft_labels(votes)
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1) + 0.0  # No -0.0.


def confusion(votes: np.ndarray) -> np.ndarray:
    """How people confuse the emotions: mean share of votes, for each plurality label.

    Returns
    -------
    float64 array, shape (8, 8)
        Row i: images labelled i; column j: mean share of their votes that went to j. Rows
        sum to 1; the row of a label that no image has is NaN.
    """
    shares, keep = soft_labels(votes)
    labels = plurality(votes).labels
    table = np.full((len(EMOTIONS), len(EMOTIONS)), np.nan)
    for label in np.unique(labels[keep]):
        table[label] = shares[keep & (labels == label)].mean(axis=0)
    return table


@dataclass(frozen=True, eq=False)
class Ceiling:
    """How often new votes would give the label again.

    Attributes
    ----------
    accuracy : float
        Over all images kept.
    recall : float array, shape (8,)
        Over the images of each label; NaN for a label that no image has.
    """

    accuracy: float
    recall: np.ndarray


def ceiling(
    votes: np.ndarray, rule: str = "plurality", seed: int = 0, redraws: int = 20
) -> Ceiling:
    """About the best accuracy and recall that any model can reach on these labels.

    Each image gets as many new votes as it had, drawn from the shares of its own votes
    (all ten columns, if given); counted is how often the emotion with the most new votes is
    the old label. A model sees the image, not which people were asked. The
    best it can do is to know how people at large would vote and to name the likeliest label;
    the label itself came from about ten of them and would often be another with ten others.

    It is an estimate, and a mild one: shares of ten votes are more lopsided than those of
    many people, so the true ceiling is rather lower. A model can pass it only by what is not
    in the image's content: duplicates in training, or images left out because they are
    hard. Recall of a rare emotion can be traded for accuracy on others, so `recall` is not a
    bound on one class alone.

    Parameters
    ----------
    votes : int array, shape (n, 8) or (n, 10)
        As in `plurality`.
    rule : str
        Name in `RULES`. Images that the rule leaves out are not counted.
    seed : int
        Of the new votes.
    redraws : int
        How often every image is voted on anew.

    Returns
    -------
    Ceiling
    """
    old, keep = RULES[rule](votes)
    old, votes = old[keep], np.asarray(votes)[keep]
    if not len(votes):
        raise ValueError(f"the rule {rule!r} keeps none of the images")
    cast = votes.sum(axis=1)
    rng = np.random.default_rng(seed)
    again = np.zeros(len(votes))
    for _ in range(redraws):
        new = rng.multinomial(cast, votes / cast[:, None])
        again += plurality(new).labels == old
    again /= redraws
    recall = np.full(len(EMOTIONS), np.nan)
    for label in np.unique(old):
        recall[label] = again[old == label].mean()
    return Ceiling(float(again.mean()), recall)


def _emotions(votes: np.ndarray) -> np.ndarray:
    """The columns of the eight emotions, shape (n, 8)."""
    votes = np.asarray(votes)
    if votes.ndim != 2 or votes.shape[1] not in (len(EMOTIONS), len(COLUMNS)):
        raise ValueError(f"votes must have shape (n, 8) or (n, 10), not {votes.shape}")
    return votes[:, : len(EMOTIONS)]
