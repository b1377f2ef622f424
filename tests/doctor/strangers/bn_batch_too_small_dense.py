"""CODE: bn_batch_too_small

Spectra as 20x20 pictures, three minerals, an MLP with BatchNorm after each Dense. Somebody told
me small batches generalise better, so I use 2. Training stays poor and validation is no better;
with 32 it was 0.9.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(21 + SEED)
g = np.random.default_rng(77)
CENTRES = g.normal(0, 1, (3, 20, 20))


def spectra(n, seed):
    r = np.random.default_rng(seed)
    label = r.integers(0, 3, n)
    x = 0.35 * CENTRES[label] * r.uniform(0.5, 1.5, (n, 1, 1)) + r.normal(0, 1.2, (n, 20, 20))
    return x.astype("float32"), np.eye(3, dtype="float32")[label]


x, y = spectra(900, 1)
xv, yv = spectra(600, 2)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.flat = layers.Flatten()
        self.dense = [layers.Dense(n) for n in (64, 32, 16)]
        self.norm = [layers.BatchNormalization(momentum=0.99) for _ in range(3)]
        self.out = layers.Dense(3, activation="softmax")

    def call(self, x, training=False):
        h = self.flat(x)
        for d, n in zip(self.dense, self.norm):
            h = keras.ops.relu(n(d(h), training=training))
        return self.out(h)


model = Net()
model.compile(keras.optimizers.Adam(5e-4), loss="categorical_crossentropy", metrics=["accuracy"])
fit = model.fit(x, y, batch_size=2, epochs=12, validation_data=(xv, yv), verbose=2)
print({k: np.round(v, 3).tolist() for k, v in fit.history.items()})
