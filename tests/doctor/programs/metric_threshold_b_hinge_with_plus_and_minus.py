"""CODE: metric_threshold

Labels -1 and 1, tanh output, hinge loss: a fair support vector machine. But the metric is
BinaryAccuracy, which makes 0 or 1 of the output and compares it with -1 or 1: no label -1 is ever
hit. Accuracy stays under 0.5 while the loss falls; the sign of `predict` is right for most.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def letters(n):
    """b or d, in any place, in grain."""
    y = rng.choice([-1, 1], n)
    glyph = np.zeros((9, 6))
    glyph[:, 0] = glyph[4, 1:5] = glyph[8, 1:5] = glyph[5:8, 5] = 1
    x = rng.normal(0, 0.4, (n, 15, 15, 1))
    for k in range(n):
        a, b = rng.integers(0, 7), rng.integers(0, 10)
        x[k, a : a + 9, b : b + 6, 0] += glyph if y[k] > 0 else glyph[:, ::-1]
    return x.astype("float32"), y.astype("float32")


train = tf.data.Dataset.from_tensor_slices(letters(1600)).shuffle(1600).batch(40)
x_val, y_val = letters(600)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)
inputs = keras.Input((15, 15, 1))
x = layers.Conv2D(16, 5, activation="relu")(inputs)
x = layers.AveragePooling2D(2)(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.3)(x)
model = keras.Model(inputs, layers.Dense(1, activation="tanh")(x))
model.compile(optimizer=keras.optimizers.Nadam(2e-3), loss="hinge", metrics=["binary_accuracy"])
history = model.fit(train, epochs=16, validation_data=val, verbose=0)
right = np.sign(model.predict(x_val, verbose=0)[:, 0]) == y_val
print(f"the sign of predict is right for {right.mean():.3f}")
for name, values in history.history.items():
    print(f"{name:20}", " ".join(f"{v:.3f}" for v in values))
