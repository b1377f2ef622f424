"""CODE: none

A net pre-trained in the script; first only a new head, then everything but BatchNorm at a low
rate.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

SIZE = 20


def fabric(n, angles, noise):
    y = rng.integers(0, len(angles), n)
    i, j = np.mgrid[:SIZE, :SIZE]
    turn = (np.array(angles)[y] + rng.normal(0, 0.06, n))[:, None, None]
    pitch = rng.uniform(0.7, 1.1, (n, 1, 1))
    wave = np.sin(pitch * (np.cos(turn) * i + np.sin(turn) * j) + rng.uniform(0, 6.28, (n, 1, 1)))
    tint = rng.uniform(0.6, 1.0, (n, 1, 1, 3))
    x = tint * (0.5 + 0.3 * wave[..., None]) + rng.normal(0, noise, (n, SIZE, SIZE, 3))
    return x.astype("float32"), y


def unit(x, filters):
    x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.Activation("relu")(x)


inputs = keras.Input((SIZE, SIZE, 3))
x = unit(inputs, 16)
x = unit(x, 32)
x = unit(x, 48)
base = keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="base")
old = keras.Sequential([base, layers.Dense(6, activation="softmax")])
old.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
old.fit(
    *fabric(4000, np.arange(6) * np.pi / 6, 0.7),
    batch_size=50,
    epochs=4,
    validation_data=fabric(600, np.arange(6) * np.pi / 6, 0.7),
    verbose=2,
)

angles = [0.25, 0.95, 1.75, 2.6]
x_train, y_train = fabric(1200, angles, 0.8)
x_val, y_val = fabric(600, angles, 0.8)

base.trainable = False
entry = keras.Input((SIZE, SIZE, 3))
x = base(entry, training=False)
x = layers.Dropout(0.2)(x)
model = keras.Model(entry, layers.Dense(len(angles), activation="softmax")(x))
model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_val, y_val), verbose=2)

base.trainable = True
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.compile(keras.optimizers.Adam(2e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train,
    y_train,
    batch_size=32,
    initial_epoch=4,
    epochs=10,
    validation_data=(x_val, y_val),
    verbose=2,
)
