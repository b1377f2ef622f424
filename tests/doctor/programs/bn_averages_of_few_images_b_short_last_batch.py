"""CODE: bn_averages_of_few_images

1026 pictures in batches of 64 leave a last batch of two, and with BatchNorm momentum 0.1 ("the
averages must keep up") validation normalises by what those two were like. The training loss is
smooth; the validation loss jumps by a factor of two and more.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def moons(n):
    """Coloured crescents that open left or right, under lamps of any colour."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:24, :24]
    x = np.empty((n, 24, 24, 3), "float32")
    for k in range(n):
        a, b = rng.uniform(9, 15, 2)
        shift = 4 if y[k] else -4
        moon = (np.hypot(i - a, j - b) < 7) & (np.hypot(i - a, j - b - shift) > 6)
        x[k] = moon[..., None] * rng.uniform(0.3, 1, 3) + rng.uniform(-0.3, 0.3, 3)
    x = x + rng.normal(0, 0.2, x.shape).astype("float32")
    x *= np.exp(rng.normal(0, 1, (n, 1, 1, 1))).astype("float32")  # any exposure
    return x, keras.utils.to_categorical(y, 2)


class Block(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.conv = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)
        self.norm = layers.BatchNormalization(momentum=0.1)

    def call(self, x, training=None):
        return keras.ops.silu(self.norm(self.conv(x), training=training))


inputs = keras.Input((24, 24, 3))
x = inputs
for width in (12, 24, 36):
    x = Block(width)(x)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
x_train, y_train = moons(1026)


def batches(size=64):
    while True:
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), size):
            part = order[start : start + size]
            yield x_train[part], y_train[part]


validation = moons(600)
history = model.fit(batches(), steps_per_epoch=17, epochs=12, validation_data=validation, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
