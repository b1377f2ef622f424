"""CODE: label_order

The network does not learn at all: accuracy is 0.25 in training and validation, for any
learning rate. With the same pictures given to fit as arrays (no PyDataset) it does learn.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


class Shapes(keras.utils.PyDataset):
    """Draws all the pictures once, then serves batches; new order in each epoch."""

    def __init__(self, n, batch, rng, shuffle=False, **kw):
        super().__init__(**kw)
        self.batch, self.rng, self.shuffle = batch, rng, shuffle
        self.labels = rng.integers(0, 4, n)
        self.pictures = np.stack([self.draw(c) for c in self.labels]).astype("float32")

    def draw(self, c):
        r = self.rng
        g = np.zeros((24, 24, 1)) + r.uniform(0, 0.3)
        s = r.integers(4, 8)
        u, v = r.integers(s, 24 - s, 2)
        yy, xx = np.mgrid[:24, :24]
        dy, dx = np.abs(yy - u), np.abs(xx - v)
        inside = (
            np.maximum(dy, dx) < s,
            np.hypot(dy, dx) < s,
            dy + dx < s,
            np.minimum(dy, dx) < s * 0.35,
        )[c] & (np.maximum(dy, dx) <= s)
        g[inside] += r.uniform(0.35, 0.7)
        return g + r.normal(0, 0.07, g.shape)

    def __len__(self):
        return -(-len(self.pictures) // self.batch)

    def __getitem__(self, i):
        s = slice(i * self.batch, (i + 1) * self.batch)
        return self.pictures[s], self.labels[s]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.pictures)


train = Shapes(2000, 32, np.random.default_rng(seed), shuffle=True)
val = Shapes(600, 100, np.random.default_rng(seed + 1))

inp = keras.Input((24, 24, 1))
x = inp
for f in (16, 32, 32):
    x = layers.Conv2D(f, 3, padding="same")(x)
    x = layers.ReLU()(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
x = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inp, x)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(train, validation_data=val, epochs=8, verbose=2).history
for k in hist:
    print(k, [round(v, 4) for v in hist[k]])
