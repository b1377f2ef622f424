"""CODE: validation_images_change

tf.data: `held_out.shuffle(...).take(60)` draws 60 other held-out images at each validation.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(4 + SEED)
rng = np.random.default_rng(4)


def blobs(n):
    """Is there more than one blob in the grey picture? Binary."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:28, :28]
    x = rng.normal(0, 0.5, (n, 28, 28))
    for k in range(n):
        for _ in range(1 + y[k] * rng.integers(1, 3)):
            a, b = rng.uniform(5, 23, 2)
            x[k] += np.exp(-((i - a) ** 2 + (j - b) ** 2) / (2 * rng.uniform(1.5, 2.5) ** 2))
    return x[..., None].astype("float32"), y.astype("float32")


full = tf.data.Dataset.from_tensor_slices(blobs(2000))
train = full.take(1300).cache().shuffle(1300).batch(32)
held_out = full.skip(1300)
val = held_out.shuffle(700).take(60).batch(60)

inputs = keras.Input((28, 28, 1))
h = inputs
for width in (8, 16, 32):
    h = keras.layers.Conv2D(width, 3, padding="same")(h)
    h = keras.layers.GroupNormalization(4)(h)
    h = keras.layers.MaxPooling2D()(keras.activations.gelu(h))
h = keras.layers.Flatten()(h)
h = keras.layers.Dropout(0.2)(h)
model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(h))
model.compile(keras.optimizers.AdamW(5e-4), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=12, verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
