"""CODE: float16_overflow

mixed_float16 to be quicker. My layer adds up the energy over the picture (sum of squares, the
physics wants a sum). Loss goes nan in some batches / val_loss is nan or inf; in float32 all is
well.
"""

import sys

import keras
import numpy as np
from keras import layers, ops

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(22 + SEED)
keras.mixed_precision.set_global_policy("mixed_float16")


class Energy(layers.Layer):
    def call(self, x):
        return ops.log(1.0 + ops.sum(ops.square(x), axis=(1, 2)))


def showers(n, seed):
    """Calorimeter pictures: energy in a few cells, two kinds of particle."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, n)
    b, a = np.mgrid[-1:1:24j, -1:1:24j]
    cx, cy = r.uniform(-0.4, 0.4, (2, n, 1, 1))
    width = np.where(y, 0.25, 0.14)[:, None, None] * r.uniform(0.7, 1.3, (n, 1, 1))
    e = np.exp(r.uniform(0, 5.2, (n, 1, 1)))
    x = e * np.exp(-((a - cx) ** 2 + (b - cy) ** 2) / (2 * width**2)) + r.normal(
        0, 0.3, (n, 24, 24)
    )
    return x[..., None].astype("float32"), y[:, None].astype("float32")


x, y = showers(800, 1)
val = showers(400, 2)
inp = keras.Input((24, 24, 1))
h = layers.Conv2D(12, 3, padding="same", activation="relu")(inp)
h = layers.Conv2D(16, 3, padding="same", activation="relu")(h)
h = Energy()(h)
h = layers.Dense(16, activation="relu")(h)
out = layers.Dense(1, activation="sigmoid", dtype="float32")(h)
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
h = model.fit(x, y, batch_size=32, epochs=8, validation_data=val, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
