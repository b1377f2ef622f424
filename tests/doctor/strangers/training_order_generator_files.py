"""CODE: training_order

My generator opens one .npz per class after the other (8 classes) and yields its pictures in
batches; I do call shuffle inside each file. Every epoch begins with a jump of the loss, and
validation knows the last classes only.
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(61 + SEED)
folder = pathlib.Path(tempfile.mkdtemp())


def checks(label, n, seed):
    r = np.random.default_rng(1000 * seed + label)
    b, a = np.mgrid[:20, :20]
    angle = label * np.pi / 8
    u = np.cos(angle) * a + np.sin(angle) * b
    return (np.sin(0.8 * u + r.uniform(0, 6.28, (n, 1, 1))) + r.normal(0, 0.6, (n, 20, 20)))[
        ..., None
    ].astype("float32")


for label in range(8):
    np.savez(folder / f"{label}.npz", x=checks(label, 150, 1))


def read():
    r = np.random.default_rng(3)
    while True:
        for path in sorted(folder.glob("*.npz")):
            x = np.load(path)["x"]
            r.shuffle(x)
            for k in range(0, 150, 30):
                yield x[k : k + 30], np.full(30, int(path.stem))


xv = np.concatenate([checks(k, 60, 2) for k in range(8)])
yv = np.repeat(np.arange(8), 60)
model = keras.Sequential([keras.Input((20, 20, 1))])
for w in (16, 32):
    model.add(layers.Conv2D(w, 3, strides=2, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
model.add(layers.Flatten())
model.add(layers.Dense(8, activation="softmax"))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(read(), steps_per_epoch=40, epochs=10, validation_data=(xv, yv), verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
