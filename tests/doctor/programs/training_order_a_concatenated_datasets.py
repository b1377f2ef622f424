"""CODE: training_order

One tf.data dataset per class, concatenated, batched, and never shuffled: every epoch shows all of
the first class, then all of the second, then the third. The network answers with one class for
all, and with the wrong one: training accuracy lies below chance in most epochs (0.02 to 0.33 of
three classes), validation accuracy at chance, or it jumps. The same pictures shuffled train well.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def signals(kind, n):
    """1-D: sine, square wave or saw tooth, any period and phase, in noise."""
    t = np.arange(64)[None] / rng.uniform(8, 20, (n, 1)) + rng.uniform(0, 1, (n, 1))
    wave = [np.sin(2 * np.pi * t), np.sign(np.sin(2 * np.pi * t)), 2 * (t % 1) - 1][kind]
    return (wave + rng.normal(0, 0.3, wave.shape))[..., None].astype("float32")


parts = [
    tf.data.Dataset.from_tensor_slices((signals(kind, 400), np.full(400, kind)))
    for kind in range(3)
]
train = parts[0].concatenate(parts[1]).concatenate(parts[2]).batch(20)
x_val = np.concatenate([signals(kind, 200) for kind in range(3)])
y_val = np.repeat([0, 1, 2], 200)

inputs = keras.Input((64, 1))
x = keras.layers.Conv1D(16, 7, activation="relu")(inputs)
x = keras.layers.MaxPooling1D(2)(x)
x = keras.layers.Conv1D(32, 5, activation="relu")(x)
x = keras.layers.GlobalAveragePooling1D()(x)
x = keras.layers.Dense(24, activation="relu")(x)
model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=12, validation_data=(x_val, y_val), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
