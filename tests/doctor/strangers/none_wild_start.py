"""CODE: none

The first epochs are wild (large rate on purpose, cosine decay), later it is calm and good. Is
that all right? I think so.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(24 + SEED)


def rooms(n, seed):
    r = np.random.default_rng(seed)
    y = r.integers(0, 4, n)
    b, a = np.mgrid[-1:1:20j, -1:1:20j]
    dx, dy = np.array([1, 0, -1, 0])[y], np.array([0, 1, 0, -1])[y]
    ramp = dx[:, None, None] * a + dy[:, None, None] * b
    x = (
        0.5 * ramp * r.uniform(0.5, 1.5, (n, 1, 1))
        + r.normal(0, 0.8, (n, 20, 20))
        + r.normal(0, 0.3, (n, 1, 1))
    )
    return x[..., None].repeat(3, -1).astype("float32"), np.eye(4, dtype="float32")[y]


x, y = rooms(1600, 1)
xv, yv = rooms(800, 2)
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1600).batch(32, drop_remainder=True)
val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(100)
inp = keras.Input((20, 20, 3))
h = inp
for width in (16, 24, 32):
    h = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9)(h)
    h = layers.Activation("swish")(h)
h = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(h))
model = keras.Model(inp, layers.Dense(4, activation="softmax")(h))
rate = keras.optimizers.schedules.CosineDecay(0.2, 50 * 14)
model.compile(
    keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(train, epochs=14, validation_data=val, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
