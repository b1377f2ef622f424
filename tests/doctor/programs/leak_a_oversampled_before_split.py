"""CODE: leak

The rare class is oversampled by copying, every picture of it six times, and only then are the
arrays shuffled and split: nearly every rare picture of the validation set trains too. Validation
accuracy looks far better than accuracy for new pictures (printed at the end).
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def scans(n, share):
    """Cloudy grey; sick ones have one faint spot more."""
    y = (rng.random(n) < share).astype(int)
    x = rng.normal(0, 1, (n, 18, 18, 1))
    for _ in range(2):
        x = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, 1, (1, 2))) / 2
    i, j = np.mgrid[:18, :18]
    for k in np.flatnonzero(y):
        a, b = rng.uniform(4, 14, 2)
        x[k, ..., 0] += 1.8 * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 5)
    return (x / 2).astype("float32"), y


x, y = scans(1200, 0.15)
rare = np.flatnonzero(y == 1)
x = np.concatenate([x] + [x[rare]] * 5)
y = np.concatenate([y] + [y[rare]] * 5)
order = rng.permutation(len(x))
x, y = x[order], y[order]
cut = int(0.75 * len(x))

model = keras.Sequential(
    [
        keras.Input((18, 18, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
validation = (x[cut:], y[cut:])
history = model.fit(x[:cut], y[:cut], epochs=12, validation_data=validation, verbose=0)
loss, accuracy = model.evaluate(*scans(1000, 0.5), verbose=0)
print(f"new pictures, half of them sick: loss {loss:.3f}, accuracy {accuracy:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
