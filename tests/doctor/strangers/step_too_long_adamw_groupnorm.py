"""CODE: step_too_long

Galaxies: spiral arms turn left, right, or there are none. A network with GroupNorm (so no
BatchNorm to blame!), AdamW 0.03. Accuracy gets somewhere, but the curve is a saw: 0.9, 0.5, 0.85,
...
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(2 + SEED)


def galaxies(n, seed):
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n)
    b, a = np.mgrid[-1:1:28j, -1:1:28j]
    radius, angle = np.hypot(a, b), np.arctan2(b, a)
    turn = np.array([-5.0, 0.0, 5.0])[y][:, None, None]
    arms = (1 + np.sin(2 * angle + turn * radius + r.uniform(0, 6.28, (n, 1, 1)))) / 2
    x = np.exp(-2 * radius**2) * arms + r.normal(0, 0.15, (n, 28, 28))
    return x[..., None].astype("float32"), keras.utils.to_categorical(y, 3)


x, y = galaxies(900, 1)
xv, yv = galaxies(600, 2)
inp = keras.Input((28, 28, 1))
h = inp
for width in (16, 32, 32):
    h = layers.Conv2D(width, 3, strides=2, padding="same")(h)
    h = layers.GroupNormalization(groups=4)(h)
    h = layers.Activation("relu")(h)
h = layers.Flatten()(h)
h = layers.Dense(32, activation="relu")(h)
model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
model.compile(keras.optimizers.AdamW(0.03), "categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x, y, batch_size=32, epochs=14, validation_data=(xv, yv), verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3))
