"""CODE: step_too_long

A base trained before, BatchNorm frozen, fine-tuned with RMSprop at 0.006, a rate for another
network: the weights jump and both losses with them, up and down by a factor of two.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def shapes(n, classes):
    """Disc, square, cross, ring, in any colour on any ground."""
    y = rng.integers(0, classes, n)
    i, j = np.mgrid[:20, :20]
    x = np.empty((n, 20, 20, 3), "float32")
    for k in range(n):
        a, b = rng.uniform(7, 13, 2)
        r = rng.uniform(4, 7)
        u, v = np.abs(i - a), np.abs(j - b)
        d = np.hypot(u, v)
        mask = [d < r, np.maximum(u, v) < r * 0.9, np.minimum(u, v) < r / 3, abs(d - r) < 1.3]
        mask[2] = mask[2] & (np.maximum(u, v) < r)
        x[k] = np.where(mask[y[k]][..., None], rng.uniform(0, 1, 3), rng.uniform(0, 1, 3))
    return x + rng.normal(0, 0.12, x.shape).astype("float32"), y


base = keras.Sequential([keras.Input((20, 20, 3))], name="base")
for width in (16, 32, 32):
    base.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
    base.add(layers.BatchNormalization(momentum=0.9))
    base.add(layers.LeakyReLU(negative_slope=0.1))
    base.add(layers.MaxPooling2D())
base.add(layers.GlobalMaxPooling2D())
pre = keras.Sequential([base, layers.Dense(4, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy")
pre.fit(*shapes(1500, 4), epochs=6, verbose=0)

for layer in base.layers:
    layer.trainable = not isinstance(layer, layers.BatchNormalization)
model = keras.Sequential([base, layers.Dense(3, activation="softmax")])
rmsprop = keras.optimizers.RMSprop(0.006)
model.compile(rmsprop, "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = shapes(900, 3)
history = model.fit(x, y, epochs=12, validation_data=shapes(500, 3), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
