"""CODE: none

Healthy: gradual unfreezing in three stages (head, last block, all), compiled anew with a lower
rate at each stage, six epochs a stage, as every tutorial does.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(24 + SEED)


def weave(n, seed, steps):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(steps), n)
    i, j = np.mgrid[:24, :24]
    f = np.asarray(steps)[y][:, None, None]
    p, q = rng.uniform(0, 6.3, (2, n, 1, 1))
    x = np.sin(f * i + p) + np.sin(f * j + q) + rng.normal(0, 1, (n, 24, 24))
    return x[..., None].astype("float32"), y


blocks = [
    keras.Sequential(
        [
            layers.Conv2D(w, 3, strides=2, padding="same"),
            layers.LayerNormalization(),
            layers.ReLU(),
        ],
        name=f"block{k}",
    )
    for k, w in enumerate((16, 32, 32))
]
base = keras.Sequential([keras.Input((24, 24, 1)), *blocks, layers.GlobalAveragePooling2D()])
first = keras.Sequential([base, layers.Dense(5, activation="softmax")])
first.compile("adam", "sparse_categorical_crossentropy")
first.fit(*weave(2000, 1, (0.3, 0.6, 0.9, 1.2, 1.5)), epochs=4, verbose=0)

model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(3, activation="softmax")])
train, val = weave(1500, 2, (0.5, 0.7, 1.0)), weave(600, 3, (0.5, 0.7, 1.0))
record = {}
for opened, rate in ((0, 3e-3), (1, 5e-4), (3, 2e-4)):
    for k, block in enumerate(blocks):
        block.trainable = k >= 3 - opened
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    h = model.fit(*train, epochs=6, validation_data=val, verbose=0)
    for key, v in h.history.items():
        record.setdefault(key, []).extend(v)
for key, v in record.items():
    print(key, np.round(v, 3))
