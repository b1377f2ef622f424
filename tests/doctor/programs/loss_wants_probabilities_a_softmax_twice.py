"""CODE: loss_wants_probabilities

Softmax twice: the last Dense has one, and a Softmax layer follows it. The probabilities of five
classes can only lie between 0.15 and 0.40, so both losses come to rest at 0.90, far above zero,
although accuracy is near 1.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def clock(n):
    """A hand that points to one of five hours."""
    hours = rng.integers(0, 5, n)
    i, j = np.mgrid[:17, :17] - 8.0
    x = rng.normal(0, 0.25, (n, 17, 17, 1))
    for k in range(n):
        angle = 2 * np.pi * hours[k] / 5 + rng.normal(0, 0.12)
        along, across = i * np.cos(angle) + j * np.sin(angle), i * np.sin(angle) - j * np.cos(angle)
        x[k, ..., 0] += (np.abs(across) < 1) & (along > 0) & (along < rng.uniform(4, 9))
    return x.astype("float32"), hours


class Clockwork(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.features = keras.Sequential(
            [
                layers.Conv2D(12, 3, activation="gelu"),
                layers.Conv2D(24, 3, strides=2, activation="gelu"),
                layers.Conv2D(24, 3, strides=2, activation="gelu"),
                layers.Flatten(),
            ]
        )
        self.scores = layers.Dense(classes, activation="softmax")
        self.probabilities = layers.Softmax()

    def call(self, images):
        return self.probabilities(self.scores(self.features(images)))


model = Clockwork(5)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = clock(1200)
history = model.fit(x, y, batch_size=40, epochs=14, validation_data=clock(600), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
