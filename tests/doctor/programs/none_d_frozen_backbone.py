"""CODE: none

Healthy: a base with BatchNorm, trained before on six digits, frozen whole (base.trainable =
False), a new head for four other digits; `training=False` is given as well and does no harm.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
FONT = ["75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717"]


def digits(n, chosen):
    y = rng.integers(0, len(chosen), n)
    x = rng.normal(0, 0.45, (n, 18, 18, 1))
    for k in range(n):
        rows = [[int(r) >> b & 1 for b in (2, 1, 0)] for r in FONT[chosen[y[k]]]]
        glyph = np.kron(np.array(rows), np.ones((2, 3)))
        a, b = rng.integers(0, 9), rng.integers(0, 10)
        x[k, a : a + 10, b : b + 9, 0] += glyph
    return x.astype("float32"), y


inputs = keras.Input((18, 18, 1))
x = inputs
for width in (16, 32, 48):
    x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)
base = keras.Model(inputs, layers.Flatten()(x))
old = keras.Sequential([base, layers.Dense(6, activation="softmax")])
old.compile("adam", "sparse_categorical_crossentropy")
old.fit(*digits(3000, [0, 1, 2, 3, 4, 5]), epochs=5, verbose=0)

base.trainable = False
inputs = keras.Input((18, 18, 1))
x = base(inputs, training=False)
x = layers.Dropout(0.3)(x)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
train, val = digits(1200, [6, 7, 8, 9]), digits(600, [6, 7, 8, 9])
history = model.fit(*train, batch_size=32, epochs=8, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
