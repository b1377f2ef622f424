"""CODE: bn_averages_lag

Default BatchNorm momentum 0.99 with only 15 steps an epoch and a quick Adam, so the moving
averages stay behind the weights.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

ACTIVITIES = ["walk", "run", "stairs", "sit", "cycle"]
FREQ = [1.6, 2.4, 1.2, 0.2, 2.0]
AMP = [1.0, 1.6, 0.9, 0.2, 0.5]


def windows(n):
    """2.56 s windows of a 3-axis accelerometer at 50 Hz."""
    y = rng.integers(0, 5, n)
    t = np.arange(128) / 50
    f = np.array(FREQ)[y] * rng.normal(1, 0.07, n)
    a = np.array(AMP)[y] * rng.normal(1, 0.2, n)
    x = np.empty((n, 128, 3))
    for axis in range(3):
        ph = rng.uniform(0, 2 * np.pi, (n, 1))
        wave = np.sin(2 * np.pi * f[:, None] * t * (1 + axis % 2) + ph)
        x[..., axis] = a[:, None] * wave
    x += rng.normal(0, 0.5, x.shape)
    return x.astype("float32"), y


x_train, y_train = windows(480)
x_val, y_val = windows(600)
mean, std = x_train.mean((0, 1)), x_train.std((0, 1))
x_train, x_val = (x_train - mean) / std, (x_val - mean) / std


class ResBlock(layers.Layer):
    def __init__(self, filters, stride=1, **kw):
        super().__init__(**kw)
        self.c1 = layers.Conv1D(filters, 7, strides=stride, padding="same", use_bias=False)
        self.b1 = layers.BatchNormalization()
        self.c2 = layers.Conv1D(filters, 5, padding="same", use_bias=False)
        self.b2 = layers.BatchNormalization()
        self.short = layers.Conv1D(filters, 1, strides=stride, padding="same")

    def call(self, x, training=None):
        h = keras.ops.relu(self.b1(self.c1(x), training=training))
        h = self.b2(self.c2(h), training=training)
        return keras.ops.relu(h + self.short(x))


class HARNet(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.blocks = [ResBlock(24, 2), ResBlock(32, 2), ResBlock(48, 2)]
        self.pool = layers.GlobalAveragePooling1D()
        self.out = layers.Dense(classes, activation="softmax")

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x, training=training)
        return self.out(self.pool(x))


train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(480, seed=seed).batch(32)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = HARNet(len(ACTIVITIES))
model.compile(
    optimizer=keras.optimizers.Adam(4e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(train, validation_data=val, epochs=10, verbose=2)
