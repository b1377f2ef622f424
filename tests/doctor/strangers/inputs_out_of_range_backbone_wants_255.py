"""CODE: inputs_out_of_range

The backbone rescales inside (0..255 -> -1..1), as EfficientNet and MobileNetV3 do; the person
divides both sets by 255 as well. Frozen backbone, new head.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(13 + SEED)


def leaves(n, seed, freqs):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(freqs), n)
    i, j = np.mgrid[:32, :32]
    r = np.hypot(i - 16, j - 16)
    f = np.asarray(freqs)[y][:, None, None]
    x = 120 + 60 * np.sin(f * r + rng.uniform(0, 6.3, (n, 1, 1)))
    x = x[..., None] * rng.uniform(0.7, 1.2, (n, 1, 1, 3)) + rng.normal(0, 25, (n, 32, 32, 3))
    return np.clip(x, 0, 255).astype("float32"), y


inputs = keras.Input((32, 32, 3))
h = layers.Rescaling(1 / 127.5, -1)(inputs)
for width in (16, 32, 48):
    h = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(h)
backbone = keras.Model(inputs, layers.GlobalAveragePooling2D()(h), name="leafnet")
pre = keras.Sequential([backbone, layers.Dense(5, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
print(
    pre.fit(*leaves(2000, 1, (0.3, 0.5, 0.7, 0.95, 1.2)), epochs=6, verbose=0).history["accuracy"]
)

backbone.trainable = False
inputs = keras.Input((32, 32, 3))
outputs = layers.Dense(3, activation="softmax")(
    layers.Dropout(0.2)(backbone(inputs, training=False))
)
model = keras.Model(inputs, outputs)


def dataset(n, seed, shuffle):
    ds = tf.data.Dataset.from_tensor_slices(leaves(n, seed, (0.4, 0.6, 0.85)))
    ds = ds.map(lambda image, label: (image / 255.0, label))
    return (ds.shuffle(n) if shuffle else ds).batch(32)


model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    dataset(800, 2, True), validation_data=dataset(400, 3, False), epochs=10, verbose=0
)
for k, v in history.history.items():
    print(k, np.round(v, 3))
