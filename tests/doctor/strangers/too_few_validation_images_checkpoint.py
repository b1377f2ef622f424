"""CODE: too_few_validation_images

Nothing is wrong with the training, but validation has only 32 pictures: one picture is three
points of accuracy, and the curve jumps, and the checkpoint is chosen by luck.
"""

import os
import sys
import tempfile

import numpy as np
import keras
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def scans(n, rng):
    """A faint spot, if any, in a coarse grey texture; 24 px. Not all can be told."""
    ill = rng.integers(0, 2, n)
    coarse = rng.normal(0, 0.10, (n, 6, 6))
    texture = np.repeat(np.repeat(coarse, 4, axis=1), 4, axis=2)
    row, column = rng.uniform(5, 18, (2, n, 1, 1))
    i, j = np.mgrid[:24, :24]
    spot = np.exp(-((i - row) ** 2 + (j - column) ** 2) / 8)
    strength = (ill * rng.uniform(0.1, 0.7, n))[:, None, None]
    scan = 0.4 + texture + strength * spot + rng.normal(0, 0.12, (n, 24, 24))
    return scan.astype("float32")[..., None], ill.astype("float32")


rng = np.random.default_rng(seed)
train = tf.data.Dataset.from_tensor_slices(scans(2400, rng)).shuffle(2400).batch(32)
valid = tf.data.Dataset.from_tensor_slices(scans(32, rng)).batch(16)

scan = keras.Input((24, 24, 1))
x = layers.RandomFlip()(scan)
for width in (12, 16, 24):
    x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Activation("relu")(x)
x = layers.GlobalMaxPooling2D()(x)
model = keras.Model(scan, layers.Dense(1, activation="sigmoid")(x))
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "best.keras")
    best = keras.callbacks.ModelCheckpoint(path, monitor="val_accuracy", save_best_only=True)
    history = model.fit(train, epochs=12, validation_data=valid, callbacks=[best], verbose=0)
    model = keras.saving.load_model(path)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
print("the kept epoch on 1000 new scans:", model.evaluate(*scans(1000, rng), verbose=0))
