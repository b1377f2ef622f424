"""CODE: bn_batch_too_small

The card is small, so batches of two. In training each picture is normalised by itself and one
other, in validation by averages over all; the averages are up to date, but they make it another
network. The training loss falls steadily, the validation loss lies far above it and moves.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def textures(n, rng):
    """Smoothed noise: three grain sizes, each with any contrast and brightness."""
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 24, 24, 1))
    for k in range(n):
        for _ in range(3 * y[k]):
            x[k] = (x[k] + np.roll(x[k], 1, 0) + np.roll(x[k], 1, 1) + np.roll(x[k], 1, (0, 1))) / 4
        x[k] /= x[k].std()
    x = x * rng.uniform(0.05, 0.5, (n, 1, 1, 1)) + rng.uniform(-0.6, 0.6, (n, 1, 1, 1))
    return x.astype("float32"), y


class TextureNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.convs = [keras.layers.Conv2D(w, 3, 2, use_bias=False) for w in (12, 24, 24)]
        self.norms = [keras.layers.BatchNormalization(momentum=0.99) for _ in self.convs]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = keras.ops.relu(norm(conv(x), training=training))
        return self.head(self.pool(x))


x, y = textures(500, np.random.default_rng(seed))
validation = textures(500, np.random.default_rng(seed + 1000))
model = TextureNet()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=2, epochs=10, validation_data=validation, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
