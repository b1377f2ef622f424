"""CODE: bn_averages_lag

The base comes with BatchNorm momentum 0.997 (fine for its own long training), and a new camera
gives darker pictures of half the contrast. Nothing is frozen, on purpose; 200 steps at a brisk
rate are too few for the averages. The training loss falls at once; validation is at chance at
first and stays far behind for many epochs.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def waves(n, classes):
    """1-D: bursts of 1 to 6 beats somewhere in the noise."""
    y = rng.integers(0, classes, n)
    t = np.arange(96)[None]
    centre = rng.uniform(30, 66, (n, 1))
    beat = np.cos(2 * np.pi * (y[:, None] + 1) * (t - centre) / 48 + rng.uniform(0, 6.3, (n, 1)))
    x = beat * np.exp(-((t - centre) ** 2) / 400) + rng.normal(0, 0.3, (n, 96))
    return x[..., None].astype("float32"), y


def encoder(momentum):
    inputs = x = keras.Input((96, 1))
    for width, stride in ((16, 2), (32, 2), (32, 1)):
        x = layers.Conv1D(width, 7, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=momentum)(x)
        x = layers.ReLU()(x)
    return keras.Model(inputs, layers.GlobalMaxPooling1D()(x))


teacher = encoder(0.9)
pre = keras.Sequential([teacher, layers.Dense(6, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy")
pre.fit(*waves(2000, 6), epochs=6, batch_size=32, verbose=0)
base = encoder(0.997)  # the published architecture
base.set_weights(teacher.get_weights())

(x, y), (xv, yv) = waves(800, 4), waves(500, 4)
x, xv = 0.5 * x - 1, 0.5 * xv - 1
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(800).batch(40)
val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(100)
model = keras.Sequential([base, layers.Dense(4, activation="softmax")])
model.compile(
    keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(train, epochs=10, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
