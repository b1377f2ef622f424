"""Epochs and curves made by hand, where the answer is known."""

import numpy as np

from tlhelpers.doctor import rules
from tlhelpers.doctor.watch import Epoch

IMAGES = 400
SPIKES = np.array([0.9, 0.7, 1.3, 0.6, 0.55, 1.2, 0.5, 0.9, 0.48, 0.45])
SMOOTH = np.linspace(0.9, 0.45, 10)
CLIMBS = np.array([0.9, 0.6, 0.5, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def epochs(loss, seed=0, accuracy=0.8, train=None, **readings):
    """Epochs whose readings have these mean losses; each image has its own share of it."""
    rng = np.random.default_rng(seed)
    each = rng.gamma(2.0, 0.5, IMAGES)
    each /= each.mean()
    accuracy = np.broadcast_to(accuracy, len(loss))
    curves = {"as_validated": loss, **readings}
    right = np.arange(IMAGES) / IMAGES
    train = np.linspace(1.0, 0.3, len(loss)) if train is None else train
    return [
        Epoch(
            number=i + 1,
            logs={"loss": float(train[i]), "accuracy": 0.85},
            nll={name: each * curve[i] for name, curve in curves.items()},
            right={name: right < accuracy[i] for name in curves},
            choices=rng.integers(0, 3, IMAGES),
            step=0.001,
            largest=0.99,
            live=3,
        )
        for i in range(len(loss))
    ]


def seen(read, **more):
    values = {
        "epochs": read,
        "curves": rules.series(read),
        "batch": 32,
        "steps": 25,
        "momenta": (0.99,) * 3,
        "chance": 0.4,
        "classes": 3,
        "single": False,
        "float16": False,
        "uses_average": False,
        "complete": True,
    }
    return rules.Seen(**{**values, **more})
