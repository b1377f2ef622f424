"""CODE: validation_prepared_otherwise

The training pictures are turned from BGR into RGB, the validation pictures stay BGR.
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

KINDS = ["apple", "lime", "orange", "plum"]
COLOUR = np.array([[190, 60, 50], [120, 180, 60], [230, 140, 40], [110, 50, 110]])


def imread_all(n):
    """Stands in for cv2.imread of the files: arrays in the order of OpenCV."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:32, :32]
    x = np.empty((n, 32, 32, 3))
    for k in range(n):
        a, b, r = rng.uniform(10, 22), rng.uniform(10, 22), rng.uniform(6, 11)
        disc = (np.hypot(i - a, j - b) < r)[..., None]
        rgb = COLOUR[y[k]] * rng.uniform(0.6, 1.1) + rng.normal(0, 22, 3)
        ground = np.array([200, 190, 170]) * rng.uniform(0.5, 1.1)
        x[k] = np.where(disc, rgb, ground) + rng.normal(0, 25, (32, 32, 3))
    return np.clip(x, 0, 255).astype("uint8")[..., ::-1], y


def prepare(image, label):
    image = tf.reverse(image, axis=[-1])
    return tf.cast(image, tf.float32) / 255.0, label


def cast(image, label):
    return tf.cast(image, tf.float32) / 255.0, label


train = tf.data.Dataset.from_tensor_slices(imread_all(900)).map(prepare)
train = train.cache().shuffle(900, seed=seed).batch(32).prefetch(2)
val = tf.data.Dataset.from_tensor_slices(imread_all(400)).map(cast).batch(64)

model = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        layers.Conv2D(16, 5, strides=2, activation="gelu"),
        layers.Conv2D(32, 3, strides=2, activation="gelu"),
        layers.SpatialDropout2D(0.1),
        layers.Conv2D(32, 3, activation="gelu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(4),
    ]
)
model.compile(
    optimizer=keras.optimizers.Nadam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train, validation_data=val, epochs=10, verbose=2)
