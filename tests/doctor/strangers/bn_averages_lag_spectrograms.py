"""CODE: bn_averages_lag

Bird calls as log spectrograms, batches of 256 because the card has the room. Training accuracy
is fine after a few epochs, but validation sits at chance, its loss is far above, and then it leaps about.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 100)
SPECIES = 5


def calls(n):
    y = rng.integers(0, SPECIES, n)
    t = np.linspace(0, 1, 32)
    f = np.arange(24)[:, None]
    base = rng.uniform(6, 16, (n, 1, 1))
    slope = (y - 2)[:, None, None] * 3.5
    centre = base + slope * (t[None, None] - 0.5)
    x = 3 * np.exp(-0.5 * ((f[None] - centre) / 1.2) ** 2) + rng.normal(0, 0.9, (n, 24, 32))
    return x.astype("float32")[..., None], y.astype("int32")


x_all, y_all = calls(2400)
mean, std = x_all[:1700].mean(), x_all[:1700].std()
x_all = (x_all - mean) / std
train = tf.data.Dataset.from_tensor_slices((x_all[:1700], y_all[:1700]))
train = train.cache().shuffle(1700, seed=SEED).batch(256, drop_remainder=True).prefetch(2)
valid = tf.data.Dataset.from_tensor_slices((x_all[1700:], y_all[1700:])).batch(256)

inp = keras.Input((24, 32, 1))
h = inp
for filters, stride in ((16, 2), (24, 1), (32, 2), (48, 2)):
    h = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization()(h)
    h = layers.Activation("relu")(h)
h = layers.GlobalAveragePooling2D()(h)
out = layers.Dense(SPECIES, activation="softmax")(h)
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(train, validation_data=valid, epochs=12, verbose=0)
for k, v in hist.history.items():
    print(k, [round(float(a), 3) for a in v])
