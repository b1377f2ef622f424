"""CODE: loss_wants_probabilities

The last Dense has no activation, and loss="sparse_categorical_crossentropy" wants probabilities:
it divides the scores by their sum, whatever its sign, and clips. After the first epoch both losses
stand at ln 4, without a gradient, and accuracy at chance; with a softmax the same network reaches
0.9.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def signposts(n):
    """A board that points left, right, up or down, in colour."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:20, :20] - 9.5
    x = np.empty((n, 20, 20, 3), "float32")
    for k in range(n):
        u, v = ((i, j), (i, -j), (j, i), (j, -i))[y[k]]
        u, v = u - rng.uniform(-2, 2), v - rng.uniform(-2, 2)
        board = (np.abs(u) < 4 - np.maximum(v, 0) * 0.9) & (v > -6)
        x[k] = np.where(board[..., None], rng.uniform(0.5, 1, 3), rng.uniform(0, 0.5, 3))
    return x + rng.normal(0, 0.2, x.shape).astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(signposts(1500)).shuffle(1500).batch(25)
val = tf.data.Dataset.from_tensor_slices(signposts(500)).batch(100)
inputs = keras.Input((20, 20, 3))
x = layers.Conv2D(16, 3, strides=2, activation="relu")(inputs)
x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dense(24, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(4)(x))
model.compile(
    keras.optimizers.Adamax(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(train, epochs=10, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
