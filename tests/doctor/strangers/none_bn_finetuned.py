"""CODE: none

Fine-tuning a small ResNet, BatchNorm trained too, with momentum 0.9, first the head alone, then
everything at a low rate.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(25 + SEED)


def tiles(n, seed, kinds, gain=1.0):
    r = np.random.default_rng(seed)
    y = r.integers(0, kinds, n)
    b, a = np.mgrid[:24, :24]
    period = (3 + 1.2 * y)[:, None, None]
    u, v = r.uniform(0, 9, (2, n, 1, 1))
    x = np.sign(np.sin(6.28 * (a + u) / period) * np.sin(6.28 * (b + v) / period))
    x = gain * (x + r.normal(0, 1.6, (n, 24, 24)))
    return x[..., None].astype("float32"), y


def bn():
    return layers.BatchNormalization(momentum=0.9)


i = keras.Input((24, 24, 1))
h = layers.ReLU()(bn()(layers.Conv2D(16, 3, padding="same", use_bias=False)(i)))
for c in (24, 32):
    k = layers.ReLU()(bn()(layers.Conv2D(c, 3, 2, "same", use_bias=False)(h)))
    k = bn()(layers.Conv2D(c, 3, 1, "same", use_bias=False)(k))
    h = layers.ReLU()(layers.add([k, layers.Conv2D(c, 1, 2)(h)]))
base = keras.Model(i, layers.GlobalAveragePooling2D()(h), name="base")
pre = keras.Sequential([base, layers.Dense(5, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy")
pre.fit(*tiles(1500, 1, 5), epochs=4, verbose=0)

x, y = tiles(1000, 2, 3, gain=0.7)
val = tiles(800, 3, 3, gain=0.7)
base.trainable = False
model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
h1 = model.fit(x, y, epochs=4, validation_data=val, verbose=2)
base.trainable = True
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
h2 = model.fit(x, y, epochs=7, validation_data=val, verbose=2)
for h in (h1, h2):
    for k, v in h.history.items():
        print(k, np.round(v, 3).tolist())
