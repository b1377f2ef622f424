"""CODE: optimizer_state_lost

'I lower the learning rate by hand': the loop compiles with a new Adam before every epoch. Only
ten steps in an epoch, so Adam hardly ever knows its second moments.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(11 + SEED)
rng = np.random.default_rng(11)


def patches(n):
    """Which quadrant has the stronger texture? Four classes."""
    y = rng.integers(0, 4, n)
    x = rng.normal(0, 1, (n, 24, 24, 3))
    for k, c in enumerate(y):
        a, b = 12 * (c // 2), 12 * (c % 2)
        x[k, a : a + 12, b : b + 12] *= 1.12
    return x.astype("float32"), y


x, y = patches(640)
xv, yv = patches(600)
model = keras.Sequential(
    [
        keras.Input((24, 24, 3)),
        keras.layers.Conv2D(24, 3, padding="same", activation="relu"),
        keras.layers.AveragePooling2D(4),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        keras.layers.AveragePooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(4, activation="softmax"),
    ]
)
record = {}
rate = 0.01
for epoch in range(12):
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    h = model.fit(x, y, batch_size=64, epochs=1, validation_data=(xv, yv), verbose=0)
    rate *= 0.97
    for key, v in h.history.items():
        record.setdefault(key, []).extend(v)
for key, v in record.items():
    print(key, np.round(v, 3))
