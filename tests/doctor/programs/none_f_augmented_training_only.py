"""CODE: none

Healthy: training pictures are moved, mirrored and dimmed at random by layers of the network itself,
which rest in validation. So validation does better than training, as it should.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def butterflies(n):
    """Round, long or notched wings, left and right alike."""
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:22, :22] - 10.5
    x = np.empty((n, 22, 22, 1), "float32")
    for k in range(n):
        u, v = i - rng.uniform(-2, 2), np.abs(j - rng.uniform(-2, 2)) - 4.5
        size = rng.uniform(0.85, 1.15)
        wing = np.hypot(u, v) < 4 * size
        if y[k] == 1:
            wing = (u / 7) ** 2 + (v / 2.5) ** 2 < size
        if y[k] == 2:
            wing = wing & (np.hypot(u, v - 4) > 3.2)
        x[k, ..., 0] = 255 * (0.2 + 0.6 * wing)
    return np.clip(x + rng.normal(0, 50, x.shape), 0, 255).astype("float32"), y


model = keras.Sequential(
    [
        keras.Input((22, 22, 1)),
        layers.RandomFlip("horizontal"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
        layers.RandomBrightness(0.2),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = butterflies(2000)
history = model.fit(x, y, epochs=8, validation_data=butterflies(600), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
