"""CODE: bn_batch_too_small

Fabric textures, 40 px: the classes differ in contrast and grain. My card has little memory so
batch_size=2. The training loss stays high, and validation doesn't look like training at all.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(5 + SEED)


def fabric(n, seed):
    r = np.random.default_rng(seed)
    y = r.integers(0, 4, n)
    strength = np.array([0.25, 0.45, 0.8, 1.4])[y] * r.uniform(0.85, 1.15, n)
    x = r.normal(0, 1, (n, 40, 40))
    x = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, (1, 1), (1, 2))) / 2
    x = x * strength[:, None, None] + r.normal(0, 0.3, (n, 1, 1))
    return x[..., None].astype("float32"), y


(x, y), (xv, yv) = fabric(500, 1), fabric(400, 2)
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(500, seed=1).batch(2)
val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(50)


def block(h, width):
    h = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.98)(h)
    return layers.ReLU()(h)


inp = keras.Input((40, 40, 1))
h = block(inp, 12)
h = block(h, 24)
h = block(h, 32)
h = layers.GlobalAveragePooling2D()(h)
model = keras.Model(inp, layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=9, validation_data=val, verbose=2)
print("batch of two")
for name, values in history.history.items():
    print(name, ["%.3f" % v for v in values])
