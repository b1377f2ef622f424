"""CODE: none

Endless generator with steps_per_epoch and validation_steps, shuffled anew in each pass; six
kinds, unbalanced. All seems well.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(45 + SEED)
SHARE = [0.35, 0.25, 0.15, 0.1, 0.09, 0.06]


def marks(n, seed):
    r = np.random.default_rng(seed)
    y = r.choice(6, n, p=SHARE)
    b, a = np.mgrid[-1:1:20j, -1:1:20j]
    angle = y[:, None, None] * np.pi / 6
    line = np.abs(np.cos(angle) * a + np.sin(angle) * b + r.uniform(-0.3, 0.3, (n, 1, 1)))
    return (np.exp(-line / 0.1) + r.normal(0, 0.45, (n, 20, 20)))[..., None].astype("float32"), y


def batches(x, y, size, seed=None):
    r = np.random.default_rng(seed)
    while True:
        order = np.arange(len(x)) if seed is None else r.permutation(len(x))
        for k in range(0, len(x), size):
            yield x[order[k : k + size]], keras.ops.one_hot(y[order[k : k + size]], 6)


(x, y), (xv, yv) = marks(1536, 1), marks(800, 2)
inp = keras.Input((20, 20, 1))
h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inp)
h = layers.LayerNormalization()(h)
h = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(h)
h = layers.Dropout(0.25)(layers.Flatten()(h))
model = keras.Model(inp, layers.Dense(6, activation="softmax")(h))
model.compile(keras.optimizers.AdamW(1e-3), "categorical_crossentropy", metrics=["accuracy"])
h = model.fit(
    batches(x, y, 32, seed=1),
    steps_per_epoch=48,
    epochs=9,
    validation_data=batches(xv, yv, 50),
    validation_steps=16,
    verbose=2,
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
