"""CODE: inputs_out_of_range

Grey pictures of 0..255 go straight into a Dense network with SGD, no scaling anywhere.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(14 + SEED)
rng = np.random.default_rng(14)


def garments(n):
    """Bright silhouettes: wide low, narrow high, triangle, two legs."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:28, :28]
    x = np.zeros((n, 28, 28))
    for k, c in enumerate(y):
        s, t = rng.uniform(-2, 2, 2)
        u, v = i - 14 - s, j - 14 - t
        mask = [
            (abs(u) < 5) & (abs(v) < 10),
            (abs(u) < 10) & (abs(v) < 5),
            (abs(u) < 9) & (abs(v) < (u + 10) / 2),
            (abs(u) < 10) & (abs(abs(v) - 5) < 2.5),
        ][c]
        x[k] = mask * rng.uniform(120, 230)
    return np.clip(x + rng.normal(20, 40, x.shape), 0, 255).astype("uint8"), y


x_train, y_train = garments(1500)
x_test, y_test = garments(500)
model = keras.Sequential(
    [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x_train, y_train, epochs=12, validation_data=(x_test, y_test), verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
