"""CODE: validation_split_of_sorted_data

Good parts and then bad parts, stacked; the first 1200 rows train (800 good, 400 bad), the last 400
validate, all of them bad. Validation accuracy is that of one class alone: it lies under training
accuracy and moves as the border moves, and a network that always says "bad" would have 1.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def welds(n, bad):
    """A seam across the picture; bad ones have a gap or a bump somewhere."""
    x = rng.normal(0, 0.4, (n, 14, 28, 1)).astype("float32")
    rows, columns = np.mgrid[:14, :28]
    for k in range(n):
        middle = 7 + rng.uniform(-2, 2) + 0.5 * np.sin(columns / 3 + rng.uniform(0, 6))
        width = np.full(28, 1.5)
        if bad:
            at = rng.integers(4, 22)
            width[at : at + 4] = rng.choice([0.3, 3.2])
        x[k, ..., 0] += np.abs(rows - middle) < width[columns]
    return x


images = np.concatenate([welds(800, False), welds(800, True)])
labels = np.concatenate([np.zeros(800), np.ones(800)]).astype("float32")
x_train, y_train = images[:1200], labels[:1200]
x_val, y_val = images[1200:], labels[1200:]

inputs = keras.Input((14, 28, 1))
x = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(24, 3, activation="relu")(x)
x = layers.Conv2D(24, 3, activation="relu")(x)
x = layers.GlobalMaxPooling2D()(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=40, epochs=10, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
