"""What people see in a face: how often each emotion, how sure they are, and their ten votes.

Each face has a mixture: the share of all people who would vote for each emotion. Ten of them
are asked. The mixture of a face labelled c gives c a share from a beta distribution, and the
rest to the others by a Dirichlet distribution around c's usual rivals; faces whose ten votes
name another emotion than c are drawn again. So labels come in FER+'s shares, exactly, and the
votes are mixed up as FER+'s are.
"""

from __future__ import annotations

import numpy as np

from tlhelpers.data.votes import EMOTIONS, plurality

VOTES = 10
"""People asked about each face. All name an emotion: FER+'s "unknown" (5 %) is left out."""

LABEL_SHARES = tuple(
    count / 28_556 for count in (10_377, 7_537, 3_583, 3_559, 2_476, 195, 659, 170)
)
"""Plurality labels of FER+'s training images."""

# Fitted to FER+'s training votes (ferplus_figures.json: confusion and entropy by class; spread of
# the label's share and unanimous images helped). Each row: a and b of the beta distribution of
# the label's own share, the sum of the Dirichlet distribution of the rest, and how that rest is
# shared out among the emotions (in thousandths).
_FITTED = {
    "neutral": (2.60, 1.40, 1.46, 0, 123, 87, 492, 126, 43, 33, 96),
    "happiness": (2.78, 0.35, 3.03, 484, 0, 266, 68, 77, 28, 32, 44),
    "surprise": (2.77, 1.37, 1.80, 278, 145, 0, 67, 99, 18, 380, 12),
    "sadness": (1.40, 1.51, 2.13, 674, 44, 41, 0, 90, 48, 62, 42),
    "anger": (1.83, 1.54, 2.76, 292, 101, 211, 139, 0, 130, 86, 41),
    "disgust": (4.56, 7.45, 6.61, 249, 41, 53, 206, 307, 0, 42, 103),
    "fear": (2.84, 3.79, 3.80, 138, 35, 477, 201, 94, 40, 0, 16),
    "contempt": (2.03, 2.95, 6.82, 452, 57, 41, 165, 112, 150, 24, 0),
}  # fmt: skip


def draw_labels(rng: np.random.Generator, n: int) -> np.ndarray:
    """n labels in FER+'s shares, as near as whole numbers come, in random order; int64 (n,)."""
    wanted = n * np.array(LABEL_SHARES)
    counts = np.floor(wanted).astype(int)
    # What is lacking goes to those whose share was cut the most.
    counts[np.argsort(counts - wanted, kind="stable")[: n - counts.sum()]] += 1
    return rng.permutation(np.repeat(np.arange(len(EMOTIONS)), counts))


def draw_opinions(rng: np.random.Generator, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mixtures of faces whose votes give these labels, and those votes.

    Parameters
    ----------
    rng : numpy.random.Generator
    labels : int array, shape (n,)

    Returns
    -------
    mixture : float64 array, shape (n, 8)
        Share of all people who would vote for each emotion; rows sum to 1.
    votes : int64 array, shape (n, 8)
        Rows sum to VOTES; their plurality is `labels`.
    """
    mixture = np.empty((len(labels), len(EMOTIONS)))
    votes = np.empty((len(labels), len(EMOTIONS)), np.int64)
    left = np.arange(len(labels))
    while len(left):
        mixture[left] = _mixtures(rng, labels[left])
        votes[left] = draw_votes(rng, mixture[left])
        left = left[plurality(votes[left]).labels != labels[left]]
    return mixture, votes


def draw_votes(rng: np.random.Generator, mixture: np.ndarray) -> np.ndarray:
    """Votes of ten people on each face; int64, shape (n, 8)."""
    return rng.multinomial(VOTES, mixture)


def _mixtures(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Mixtures before anybody votes, shape (n, 8)."""
    table = np.array([_FITTED[emotion] for emotion in EMOTIONS])
    a, b, total = table[labels, :3].T
    usual = table[labels, 3:] / table[labels, 3:].sum(axis=1, keepdims=True)
    own = rng.beta(a, b)
    # A Dirichlet draw is gamma draws divided by their sum; the tiny term keeps that above zero.
    rest = rng.standard_gamma(total[:, None] * usual) + 1e-12 * usual
    mixture = (1 - own)[:, None] * rest / rest.sum(axis=1, keepdims=True)
    mixture[np.arange(len(labels)), labels] = own
    return mixture / mixture.sum(axis=1, keepdims=True)
