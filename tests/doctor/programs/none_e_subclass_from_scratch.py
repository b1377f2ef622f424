"""CODE: none

Healthy: a subclassed network with BatchNorm from scratch, a PyDataset that shuffles pictures, SGD
with a warm-up and a cosine to zero. The first epochs are wild while the rate is high, the rest is
steady.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def shapes(n):
    """Disc, square or ring in front of a slope, in colour."""
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:20, :20]
    x = np.empty((n, 20, 20, 3), "float32")
    for k in range(n):
        a, b, r = *rng.uniform(7, 12, 2), rng.uniform(4, 7)
        u, v = np.abs(i - a), np.abs(j - b)
        mask = (np.hypot(u, v) < r, np.maximum(u, v) < 0.88 * r, np.abs(np.hypot(u, v) - r) < 1.5)
        ground = i / 20 * rng.uniform(-1, 1)
        x[k] = ground[..., None] + mask[y[k]][..., None] * rng.uniform(0.5, 1, 3)
    return x + rng.normal(0, 0.4, x.shape).astype("float32"), y


class Shuffled(keras.utils.PyDataset):
    def __init__(self, x, y, size):
        super().__init__()
        self.x, self.y, self.size, self.order = x, y, size, rng.permutation(len(x))

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, k):
        part = self.order[k * self.size : (k + 1) * self.size]
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        self.order = rng.permutation(len(self.x))


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.convs = [layers.Conv2D(w, 3, strides=2, use_bias=False) for w in (16, 32)]
        self.norms = [layers.BatchNormalization(momentum=0.9) for _ in self.convs]
        self.pool, self.drop = layers.Flatten(), layers.Dropout(0.4)
        self.last = layers.Dense(3, activation="softmax", kernel_regularizer="l2")

    def call(self, x, training=False):
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = keras.ops.relu(norm(conv(x), training=training))
        return self.last(self.drop(self.pool(x), training=training))


epochs, size, (x, y) = 12, 40, shapes(2800)
steps = epochs * len(x) // size
rate = keras.optimizers.schedules.CosineDecay(1e-3, steps - 70, warmup_target=0.03, warmup_steps=70)
model = Net()
sgd = keras.optimizers.SGD(rate, momentum=0.9)
model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(Shuffled(x, y, size), epochs=epochs, validation_data=shapes(600), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
