"""CODE: none

Two-stage transfer learning. When I unfreeze the base the training accuracy hardly moves in the first epoch
and validation only creeps up. Should it not jump? I left the BatchNorm layers
frozen as the guide says, lr 1e-4.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def fabric(n, weaves, gain):
    lab = rng.integers(0, len(weaves), n)
    yy, xx = np.mgrid[:28, :28] / 28
    im = np.empty((n, 28, 28, 3), "float32")
    for i, l in enumerate(lab):
        a, f = weaves[l]
        a += rng.normal(0, 0.2)
        w = np.sin(2 * np.pi * f * (xx * np.cos(a) + yy * np.sin(a)) + rng.uniform(0, 6.3))
        im[i] = 0.5 + gain * (
            w[..., None] * rng.uniform(0.1, 0.4, 3) + rng.normal(0, 0.4, (28, 28, 3))
        )
    return im, lab


source = [(0, 3), (0.8, 3), (1.6, 3), (2.4, 3), (0.4, 6), (2.0, 6)]
target = [(0.4, 3), (1.2, 4.5), (2.8, 4.5)]
xs, ys = fabric(2000, source, 1.0)
xt, yt = fabric(600, target, 0.8)
xv, yv = fabric(600, target, 0.8)

i = keras.Input((28, 28, 3))
x = i
for f in (16, 32, 48):
    x = layers.Conv2D(f, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
x = layers.GlobalAveragePooling2D()(x)
base = keras.Model(i, x)
source_model = keras.Sequential([base, layers.Dense(6, activation="softmax")])
source_model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
source_model.fit(xs, ys, batch_size=64, epochs=4, verbose=2)

base.trainable = False
inp = keras.Input((28, 28, 3))
out = layers.Dense(3, activation="softmax")(base(inp, training=False))
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(xt, yt, batch_size=32, epochs=5, validation_data=(xv, yv), verbose=2)

base.trainable = True
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(xt, yt, batch_size=32, epochs=8, validation_data=(xv, yv), verbose=2)
for k, v in history.history.items():
    print(k, np.round(v, 4))
