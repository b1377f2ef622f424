"""CODE: overfitting

300 training pictures, three in ten with a wrong label, and a wide network without regularisation
for 40 epochs: it learns them by heart, the wrong ones too. Training accuracy 1; the validation
loss (checked labels) is least early and then climbs, accuracy falls from 0.95 to 0.8.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def leaves(n, wrong):
    """Leaves, slender or broad, any size, turn and light; `wrong` of the labels are wrong."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:20, :20] - 9.5
    x = np.empty((n, 20, 20, 1), "float32")
    for k in range(n):
        turn, size = rng.uniform(0, 0.8), rng.uniform(5, 8)
        along, across = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
        ratio = rng.uniform(0.2, 0.4) if y[k] else rng.uniform(0.6, 0.9)
        leaf = (along / size) ** 2 + (across / (ratio * size)) ** 2 < 1
        x[k, ..., 0] = leaf * rng.uniform(0.4, 1) + rng.uniform(-0.3, 0.3)
    x += rng.normal(0, 0.3, x.shape).astype("float32")
    return x, np.where(rng.random(n) < wrong, 1 - y, y)


model = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dense(128, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adamax(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
x, y = leaves(300, 0.3)
history = model.fit(x, y, batch_size=20, epochs=40, validation_data=leaves(600, 0), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
