"""CODE: label_order

1-D signals. The validation recordings are read with sorted(glob), which puts sig_10 before sig_2,
while the labels come from a list in numeric order.
"""

import glob
import sys
import tempfile

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(2 + SEED)
rng = np.random.default_rng(2)


def signals(n):
    y = rng.integers(0, 3, n)
    t = np.arange(96) / 96
    f = np.array([4, 6, 9])[y][:, None] + rng.normal(0, 0.4, (n, 1))
    wave = np.sin(2 * np.pi * f * t + rng.uniform(0, 6.3, (n, 1)))
    return (wave + rng.normal(0, 0.8, (n, 96)))[..., None].astype("float32"), y


x, y = signals(1500)
xv, yv = signals(500)
folder = tempfile.mkdtemp()
for k, s in enumerate(xv):
    np.save(f"{folder}/sig_{k}.npy", s)
files = sorted(glob.glob(f"{folder}/sig_*.npy"))
xv = np.stack([np.load(f) for f in files])


class Loader(keras.utils.PyDataset):
    def __init__(self, x, y, shuffle, **kw):
        super().__init__(**kw)
        self.x, self.y, self.shuffle = x, keras.utils.to_categorical(y, 3), shuffle
        self.order = np.arange(len(x))

    def __len__(self):
        return -(-len(self.x) // 50)

    def __getitem__(self, k):
        take = self.order[k * 50 : (k + 1) * 50]
        return self.x[take], self.y[take]

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)


inputs = keras.Input((96, 1))
h = keras.layers.Conv1D(16, 9, strides=2, activation="relu")(inputs)
h = keras.layers.LayerNormalization()(h)
h = keras.layers.Conv1D(32, 7, strides=2, activation="relu")(h)
h = keras.layers.GlobalMaxPooling1D()(h)
model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(h))
model.compile(keras.optimizers.AdamW(2e-3), "categorical_crossentropy", metrics=["acc"])
hist = model.fit(Loader(x, y, True), validation_data=Loader(xv, yv, False), epochs=12, verbose=0)
for k, v in hist.history.items():
    print(k, np.round(v, 3))
