"""Is a network as sure as it is right? One number that makes it so, fitted afterwards."""

from __future__ import annotations

import numpy as np


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which these probabilities have the smallest NLL.

    Dividing all logits by one number changes how sure the answers are and never which answer
    comes first. Above 1 the network was too sure, below 1 not sure enough.

    Parameters
    ----------
    probabilities : float array, shape (n, classes)
        Of validation images that are not used to report the result.
    labels : int array, shape (n,)

    Returns
    -------
    float
        Between 0.05 and 20.

    Notes
    -----
    Source: Guo et al. 2017, arXiv 1706.04599, section 4.2. The NLL is searched on the logarithm
    of the temperature, where it has one minimum.
    """
    from scipy.optimize import minimize_scalar

    ends = (np.log(0.05), np.log(20))
    found = minimize_scalar(
        lambda t: image_nll(at_temperature(probabilities, np.exp(t)), labels).mean(), bounds=ends
    )
    return float(np.exp(found.x))


def at_temperature(probabilities: np.ndarray, value: float) -> np.ndarray:
    """Probabilities after dividing their logits by a temperature, shape (n, classes).

    Parameters
    ----------
    probabilities : float array, shape (n, classes)
    value : float
        Above 1 makes the answers less sure, below 1 surer.

    Returns
    -------
    float array, shape (n, classes)
    """
    # Logarithms of probabilities are logits up to a constant, which softmax does not see.
    return softmax(np.log(np.clip(probabilities, 1e-7, 1)) / value)


def image_nll(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each image in nats, clipped at 1e-7 as Keras does.

    Parameters
    ----------
    probabilities : float array, shape (n, classes)
    labels : int array, shape (n,)
        Number of the right class of each image.

    Returns
    -------
    float array, shape (n,)
    """
    right = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(right.astype(float), 1e-7, 1 - 1e-7))


def halves(labels: np.ndarray, groups: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """A random half of the groups, as a mask over the images.

    Parameters
    ----------
    labels : int array, shape (n,)
    groups : int array, shape (n,), optional
        Images with the same number go to the same half; each its own if not given.
    seed : int

    Returns
    -------
    bool array, shape (n,)
    """
    groups = np.arange(len(labels)) if groups is None else groups
    names, group_of = np.unique(groups, return_inverse=True)
    chosen = np.random.default_rng(seed).permutation(len(names)) < len(names) // 2
    return chosen[group_of]


def recalibrated(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:
    """Probabilities after one temperature and a bias a class, each half fitted on the other half.

    What this takes away from a loss is confidence or a threshold that swings; which image gets a
    higher score than which other one (AUC with two classes) hardly changes. Fitting on one half
    and applying to the other keeps the fit from flattering itself.

    Parameters
    ----------
    probabilities : float array, shape (n, classes)
    labels : int array, shape (n,)
    groups : int array, shape (n,), optional
        Images with the same number go to the same half.
    seed : int
        Of the halves.

    Returns
    -------
    float array, shape (n, classes)

    Notes
    -----
    Source: bias-corrected temperature scaling, Alexandari et al. 2020, arXiv 1901.06852. A weak
    pull of the logarithms towards 0 keeps a half without a class from an infinite bias.
    """
    first = halves(labels, groups, seed)
    result = np.empty(probabilities.shape)
    for fitted_on in (first, ~first):
        scale, bias = _fit_recalibration(probabilities[fitted_on], labels[fitted_on])
        result[~fitted_on] = _rescaled(probabilities[~fitted_on], scale, bias)
    return result


_PULL = 1e-3  # of the squared parameters, beside a loss in nats an image


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from logits, shape (n, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _rescaled(probabilities: np.ndarray, scale: float, bias: np.ndarray) -> np.ndarray:
    return softmax(np.log(np.clip(probabilities, 1e-7, 1)) * scale + bias)


def _scale(parameters: np.ndarray) -> float:
    """The inverse temperature; a trial step may go far, and must not overflow."""
    return float(np.exp(np.clip(parameters[0], -30, 30)))


def _fit_recalibration(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Inverse temperature and biases of least NLL; 1 and zeros where there is nothing to fit.

    Newton's method with the expected curvature (Fisher scoring): the doctor has no SciPy.
    """
    n, classes = probabilities.shape
    parameters = np.zeros(classes + 1)  # logarithm of the inverse temperature, then the biases
    if not n or not np.isfinite(probabilities).all():
        return 1.0, parameters[1:]
    logs = np.log(np.clip(probabilities, 1e-7, 1))
    right = np.eye(classes)[labels]

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        p = softmax(logs * _scale(at) + at[1:])
        nll = -np.log(np.clip(p[np.arange(n), labels], 1e-300, 1)).mean()
        return float(nll + _PULL * (at**2).sum()), p

    now, p = loss(parameters)
    for _ in range(50):
        toward = logs * _scale(parameters)  # what the logits do as their scale grows
        off = (p - right) / n
        slope = np.concatenate([[(off * toward).sum()], off.sum(axis=0)]) + 2 * _PULL * parameters
        curvature = _curvature(p, toward) + 2 * _PULL * np.eye(classes + 1)
        step = np.linalg.solve(curvature, slope)
        length = 1.0
        while length > 1e-6 and (then := loss(parameters - length * step))[0] > now:
            length /= 2
        if length <= 1e-6 or now - then[0] < 1e-12:
            break
        parameters, (now, p) = parameters - length * step, then
    return float(np.exp(parameters[0])), parameters[1:]


def _curvature(p: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Mean over images of the covariance, under p, of what each parameter adds to the logits."""
    n = len(p)
    weighted = p * toward
    mean = weighted.sum(axis=1, keepdims=True)
    spread = float((weighted * (toward - mean)).sum() / n)
    mixed = (weighted - p * mean).sum(axis=0) / n
    biases = np.diag(p.mean(axis=0)) - p.T @ p / n
    return np.block([[np.array([[spread]]), mixed[None]], [mixed[:, None], biases]])
