"""CODE: bn_averages_lag

ECG-like 1-D signals. I take my trained encoder (normal recordings, standardised) and fine-tune
all of it on recordings of another device whose amplifier has a different gain. val_loss is awful,
although the training loss is fine.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(3 + SEED)
T = np.linspace(0, 1, 96)


def beats(n, seed, kinds):
    r = np.random.default_rng(seed)
    y = r.integers(0, kinds, n)
    f = 4 + 2.0 * y[:, None]
    s = np.sin(2 * np.pi * f * T + r.uniform(0, 6.28, (n, 1))) * np.exp(
        -((T - r.uniform(0.3, 0.7, (n, 1))) ** 2) / 0.06
    )
    s = s + r.normal(0, 0.5, s.shape)
    return s[..., None].astype("float32"), y.astype("int32")


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, size=32, shuffle=True):
        super().__init__()
        self.x, self.y, self.size, self.shuffle = x, y, size, shuffle
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, k):
        rows = self.order[k * self.size : (k + 1) * self.size]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)


encoder = keras.Sequential([keras.Input((96, 1))], name="encoder")
for c in (16, 32, 32, 48):
    encoder.add(layers.Conv1D(c, 5, strides=2, padding="same", use_bias=False))
    encoder.add(layers.BatchNormalization(momentum=0.995))
    encoder.add(layers.LeakyReLU(negative_slope=0.1))
encoder.add(layers.GlobalMaxPooling1D())
first = keras.Sequential([encoder, layers.Dense(5, activation="softmax")])
first.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
first.fit(*beats(2000, 0, 5), batch_size=16, epochs=4, verbose=0)

x, y = beats(700, 1, 3)
xv, yv = beats(500, 2, 3)
x, xv = 0.25 * x + 0.4, 0.25 * xv + 0.4  # the new device, both sides alike
model = keras.Sequential([encoder, layers.Dropout(0.2), layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(
    Batches(x, y), validation_data=Batches(xv, yv, 50, shuffle=False), epochs=9, verbose=2
)
for key in hist.history:
    print(key, np.round(hist.history[key], 3))
