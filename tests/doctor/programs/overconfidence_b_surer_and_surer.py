"""CODE: overconfidence

A bright line leans left or right in grain so strong that some cannot be told. After a few epochs
the network has learned what there is, but for 50 epochs its margins grow, wrong ones too. The
validation loss climbs, accuracy stays or rises a little, and a temperature mends the loss.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def lines(n):
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:14, :14] - 6.5
    x = rng.normal(0, 1, (n, 14, 14, 1)) * rng.uniform(0.5, 1.3, (n, 1, 1, 1))
    for k in range(n):
        angle = rng.uniform(0.25, 1.3) * (1 if y[k] else -1)
        x[k, ..., 0] += np.abs(np.cos(angle) * j + np.sin(angle) * i - rng.uniform(-2, 2)) < 1
    return x.astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(lines(1500)).shuffle(1500).batch(60)
val = tf.data.Dataset.from_tensor_slices(lines(1500)).batch(250)
inputs = keras.Input((14, 14, 1))
x = layers.Conv2D(24, 5, activation="relu")(inputs)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(24, 3, activation="relu")(x)
x = layers.GlobalMaxPooling2D()(x)
x = layers.Dense(24, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(2)(x))
model.compile(
    keras.optimizers.RMSprop(1e-3),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train, epochs=50, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
