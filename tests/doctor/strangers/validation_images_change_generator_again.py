"""CODE: validation_images_change

The validation generator walks endlessly through six nights of a camera and `validation_steps`
covers one night: each epoch is scored on another night, clear or foggy, and the curve goes up and
down with the weather.
"""

import sys

import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)

BATCH = 32
NIGHTS = [1.0, 0.3, 0.85, 0.55, 0.22, 0.7]  # how clear each night is


def animals(clear, rng):
    """Bright spots in one of four arrangements; clear is the contrast of each picture."""
    n = len(clear)
    kind = rng.integers(0, 4, n)
    top, left = rng.uniform(4, 9, (2, n, 1, 1))
    step = np.array([[0, 7], [7, 0], [6, 6], [6, -6]])[kind]
    left = left + np.where(kind == 3, 6, 0)[:, None, None]
    i, j = np.mgrid[:22, :22]
    one = np.exp(-((i - top) ** 2 + (j - left) ** 2) / 5)
    down, right = step[:, 0, None, None], step[:, 1, None, None]
    two = np.exp(-((i - top - down) ** 2 + (j - left - right) ** 2) / 5)
    image = 0.3 + 0.5 * clear[:, None, None] * (one + two) + rng.normal(0, 0.12, (n, 22, 22))
    return image.astype("float32")[..., None], keras.utils.to_categorical(kind, 4)


def endless(images, labels, rng=None):
    """Batches for ever; with an rng the order is drawn anew in each round."""
    while True:
        order = np.arange(len(images)) if rng is None else rng.permutation(len(images))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield images[chosen], labels[chosen]


rng = np.random.default_rng(SEED)
train_images, train_labels = animals(rng.uniform(0.2, 1, 1920), rng)
val_images, val_labels = animals(np.repeat(NIGHTS, 320), rng)

inputs = keras.Input((22, 22, 1))
h = inputs
for filters in (12, 24, 32):
    h = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
    h = keras.layers.MaxPooling2D(2)(h)
h = keras.layers.Flatten()(h)
h = keras.layers.Dropout(0.25)(h)
outputs = keras.layers.Dense(4, activation="softmax")(h)
classifier = keras.Model(inputs, outputs)
classifier.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
history = classifier.fit(
    endless(train_images, train_labels, rng),
    steps_per_epoch=len(train_images) // BATCH,
    epochs=12,
    validation_data=endless(val_images, val_labels),
    validation_steps=10,
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
