"""CODE: none

Healthy: a quarter of the labels are plainly wrong on both sides, so accuracy cannot pass 0.8; the
curves are level and close.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(17 + SEED)
rng = np.random.default_rng(17)


def galaxies(n):
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:24, :24] - 11.5
    turn = rng.uniform(0, np.pi, (n, 1, 1))
    u, v = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
    flat = np.array([1, 0.5, 0.25])[y][:, None, None]
    x = 160 * np.exp(-(u**2 + (v / flat) ** 2) / 50) + rng.normal(40, 30, (n, 24, 24))
    wrong = rng.random(n) < 0.25
    y = np.where(wrong, rng.integers(0, 3, n), y)
    return np.clip(x, 0, 255)[..., None].astype("float32"), y


x, y = galaxies(2400)
model = keras.Sequential([keras.Input((24, 24, 1)), layers.Rescaling(1 / 255)])
for width in (12, 24):
    model.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D())
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(3, activation="softmax"))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=64, epochs=14, validation_data=galaxies(800), verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
