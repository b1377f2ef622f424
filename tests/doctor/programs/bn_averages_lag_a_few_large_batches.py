"""CODE: bn_averages_lag

Checkerboards of four cell sizes, from scratch. Keras' default BatchNorm momentum of 0.99 with
batches of 160: five steps an epoch, sixty in all, so the averages are still half the initial ones
(mean 0, variance 1) at the end. The training loss falls fast, validation hardly follows.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def make_boards(n):
    labels = rng.integers(0, 4, n)
    images = np.empty((n, 20, 20, 1), "float32")
    rows, columns = np.mgrid[:20, :20]
    for k, label in enumerate(labels):
        size = label + 2
        dy, dx = rng.integers(0, 2 * size, 2)
        board = ((rows + dy) // size + (columns + dx) // size) % 2
        images[k, :, :, 0] = 0.3 + 0.4 * board + rng.normal(0, 0.25, (20, 20))
    return images, labels


x_train, y_train = make_boards(800)
x_val, y_val = make_boards(500)

inputs = keras.Input((20, 20, 1))
x = inputs
for filters in (12, 24, 24):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPooling2D()(x)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.RMSprop(2e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train, batch_size=160, epochs=12, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
