"""CODE: too_few_validation_images

The whole validation set is one batch of twelve pictures, always the same. Training is steady;
val_accuracy moves in twelfths and the validation loss wavers with one or two hard pictures; 1000
other pictures (printed at the end) say something else.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def plumage(n):
    """Feathers of two birds: the colours overlap, the stripes differ a little."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:18, :18]
    x = np.empty((n, 18, 18, 3), "float32")
    for k in range(n):
        turn, period = rng.uniform(0, np.pi), 3.2 + 1.2 * y[k] + rng.normal(0, 0.4)
        stripes = np.sin(2 * np.pi * (i * np.cos(turn) + j * np.sin(turn)) / period)
        colour = np.array([0.5, 0.4, 0.3]) + 0.12 * y[k] + rng.normal(0, 0.15, 3)
        x[k] = stripes[..., None] * colour
    return x + rng.normal(0, 0.7, x.shape).astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(plumage(2000)).shuffle(2000).batch(40).prefetch(2)
val = tf.data.Dataset.from_tensor_slices(plumage(12)).batch(12)
others = plumage(1000)
inputs = keras.Input((18, 18, 3))
x = inputs
for width in (16, 24):
    x = layers.Conv2D(width, 3, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.MaxPooling2D()(layers.ReLU()(x))
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=12, validation_data=val, verbose=0)
loss, accuracy = model.evaluate(*others, verbose=0)
print(f"1000 other pictures: loss {loss:.3f}, accuracy {accuracy:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
