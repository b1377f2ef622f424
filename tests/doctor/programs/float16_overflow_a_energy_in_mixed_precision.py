"""CODE: float16_overflow

mixed_float16, and the network sums the squares of its features over the whole picture ("energy"):
above 65504 float16 has only infinity. In float32 it trains well (first fit); in float16 the loss
is nan from the first epoch on, and accuracy is the share of class 0.
"""

import sys

import keras
import numpy as np
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)


def sand(n):
    """Three grains of sand paper."""
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 32, 32, 1))
    for k in range(n):
        for _ in range(y[k]):
            x[k] = (x[k] + np.roll(x[k], 1, 0) + np.roll(x[k], 1, 1)) / 1.8
    return (x * rng.uniform(0.8, 1.2, (n, 1, 1, 1))).astype("float32"), y


@keras.saving.register_keras_serializable()
class Energy(layers.Layer):
    def call(self, x):
        return ops.log(1 + ops.sum(ops.square(100 * x), axis=(1, 2)))


def network():
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            Energy(),
            layers.Dense(24, activation="relu"),
            layers.Dense(3, activation="softmax", dtype="float32"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


x, y = sand(800)
validation = sand(500)
for policy in ("float32", "mixed_float16"):
    keras.mixed_precision.set_global_policy(policy)
    model = network()
    history = model.fit(x, y, epochs=8, batch_size=32, validation_data=validation, verbose=0)
    print(policy)
    for name, values in history.history.items():
        print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
