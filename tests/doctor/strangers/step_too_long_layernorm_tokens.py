"""CODE: step_too_long

A tiny transformer (LayerNorm, one attention block) on token sequences. The warm-up of the paper was
copied with its 4000 steps: here it climbs until the end, to steps that throw the weights back.
"""

import math
import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
VOCAB, LENGTH = 40, 16


def corpus(n, rng):
    """Class 0/1/2: how often tokens of the first group come before tokens of the second."""
    y = rng.integers(0, 3, n)
    x = rng.integers(8, VOCAB, (n, LENGTH))
    for row, label in zip(x, y):
        a, b = np.sort(rng.choice(LENGTH, 2, replace=False))
        first, second = rng.integers(0, 4), rng.integers(4, 8)
        if label == 0:
            row[a], row[b] = first, second
        elif label == 1:
            row[a], row[b] = second, first
        else:
            row[a], row[b] = first, rng.integers(0, 4)
    slips = rng.random(n) < 0.08  # the labels were clicked by hand
    y[slips] = rng.integers(0, 3, slips.sum())
    return x.astype("int32"), y


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, batch, rng=None, **kw):
        super().__init__(**kw)
        self.x, self.y, self.batch, self.rng = x, y, batch, rng
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.x) / self.batch)

    def __getitem__(self, i):
        rows = self.order[i * self.batch : (i + 1) * self.batch]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        if self.rng is not None:
            self.rng.shuffle(self.order)


class Positions(keras.layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="normal", name="table")

    def call(self, x):
        return x + self.table


class Noam(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, warmup=4000):
        self.peak, self.warmup = peak, warmup

    def __call__(self, step):
        step = keras.ops.cast(step, "float32") + 1
        return self.peak * keras.ops.minimum(step / self.warmup, (self.warmup / step) ** 0.5)

    def get_config(self):
        return {"peak": self.peak, "warmup": self.warmup}


rng = np.random.default_rng(seed)
train = Batches(*corpus(2000, rng), 25, rng)
valid = Batches(*corpus(800, rng), 100)

tokens = keras.Input((LENGTH,), dtype="int32")
x = Positions()(keras.layers.Embedding(VOCAB, 24)(tokens))
a = keras.layers.MultiHeadAttention(2, 12)(x, x)
x = keras.layers.LayerNormalization()(x + a)
f = keras.layers.Dense(24)(keras.layers.Dense(48, activation="gelu")(x))
x = keras.layers.LayerNormalization()(x + f)
x = keras.layers.GlobalAveragePooling1D()(x)
model = keras.Model(tokens, keras.layers.Dense(3, activation="softmax")(x))
model.compile(
    keras.optimizers.Adam(Noam(0.45)), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(train, epochs=10, validation_data=valid, verbose=0).history

for key in history:
    print(f"{key:13s}", *[f"{v:6.3f}" for v in history[key]])
