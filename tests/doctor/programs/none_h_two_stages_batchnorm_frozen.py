"""CODE: none

Healthy: head first, then the whole base at a low rate, its BatchNorm layers frozen one by one
(layer.trainable = False), early stopping, a plateau callback for the rate.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def weaves(n, kinds):
    """Cloth: plain, twill, basket, satin, check, in grain."""
    y = rng.integers(0, len(kinds), n)
    i, j = np.mgrid[:18, :18]
    x = np.empty((n, 18, 18, 1), "float32")
    for k in range(n):
        u, v = i + rng.integers(0, 20), j + rng.integers(0, 20)
        cloth = ((u + v) % 2, (u + v) % 4 < 2, (u // 2 + v // 2) % 2, (u + 2 * v) % 5 < 1)
        x[k, ..., 0] = (*cloth, (u // 4 + v // 4) % 2)[kinds[y[k]]]
    return x - 0.5 + rng.normal(0, 0.9, x.shape).astype("float32"), y


base = keras.Sequential(name="base")
base.add(keras.Input((18, 18, 1)))
for width in (16, 32):
    base.add(layers.Conv2D(width, 3, padding="same", use_bias=False))
    base.add(layers.BatchNormalization(momentum=0.9))
    base.add(layers.ReLU())
    base.add(layers.AveragePooling2D(2))
base.add(layers.GlobalAveragePooling2D())
old = keras.Sequential([base, layers.Dense(3, activation="softmax")])
old.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
old.fit(*weaves(1600, [0, 2, 3]), epochs=6, verbose=0)

inputs = keras.Input((18, 18, 1))
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(base(inputs)))
(x, y), val = weaves(1600, [1, 2, 4]), weaves(600, [1, 2, 4])
for stage, rate, epochs in (("head", 1e-2, 4), ("all", 5e-4, 10)):
    base.trainable = stage == "all"
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    adam = keras.optimizers.Adam(rate)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.3),
    ]
    history = model.fit(x, y, epochs=epochs, validation_data=val, callbacks=callbacks, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
