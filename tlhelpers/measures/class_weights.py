"""Weights for classes of unequal size, and what they do to a batch."""

from __future__ import annotations

import numpy as np

BETA = 0.999  # of "effective-number"; Cui et al. try 0.9 to 0.9999


def class_weights(kind: str, counts: np.ndarray) -> np.ndarray:
    """Weights of the training loss, one a class.

    Parameters
    ----------
    kind : str
        "balanced": 1 / count, every class weighs the same in total. "inverse-root":
        1 / sqrt(count). "effective-number": (1 - beta) / (1 - beta ** count) with beta = 0.999,
        Cui et al. 2019, arXiv 1901.05555: the count stops to matter beyond 1 / (1 - beta).
    counts : int array, shape (classes,)
        Training images of each class. An empty class is taken for one image.

    Returns
    -------
    float array, shape (classes,)
        Scaled so that the mean weight of a training image is 1: the learning rate then means
        the same with each kind.
    """
    n = np.maximum(counts, 1).astype(float)
    raw = {
        "balanced": lambda: 1 / n,
        "inverse-root": lambda: n**-0.5,
        "effective-number": lambda: (1 - BETA) / (1 - BETA**n),
    }[kind]()
    return raw * n.sum() / (raw * n).sum()


def effective_batch(weights: np.ndarray, counts: np.ndarray, batch_size: int) -> float:
    """Kish's effective size of a batch whose images have unequal weights, in images.

    ``batch_size * mean(w)**2 / mean(w**2)`` over the training images: an average with these
    weights is as noisy as a plain average over so many images (Kish 1965, *Survey Sampling*).

    Parameters
    ----------
    weights, counts : arrays, shape (classes,)
    batch_size : int
    """
    shares = counts / counts.sum()
    return float(batch_size * (shares @ weights) ** 2 / (shares @ weights**2))


def log_prior(counts: np.ndarray) -> np.ndarray:
    """Logarithm of the class shares in training, shape (classes,); an empty class counts one."""
    n = np.maximum(counts, 1)
    return np.log(n / n.sum())
