"""CODE: average_not_validated

The averaged weights are swapped in for validation, but the BatchNorm statistics belong to the raw
weights of the last steps, not to the averaged ones.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

CLASSES, SIZE = 4, 16


def patches(n):
    y = rng.integers(0, CLASSES, n)
    i, j = np.mgrid[:SIZE, :SIZE]
    turn = (y * np.pi / CLASSES + rng.normal(0, 0.08, n))[:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(0.9 * (np.cos(turn) * i + np.sin(turn) * j) + phase)
    x = 0.5 + 0.15 * wave[..., None] + rng.normal(0, 0.5, (n, SIZE, SIZE, 1))
    return x.astype("float32"), y


x_train, y_train = patches(2400)
x_val, y_val = patches(800)

model = keras.Sequential([keras.Input((SIZE, SIZE, 1))])
for filters in (24, 32, 48):
    model.add(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.Activation("relu"))
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(CLASSES, activation="softmax"))

optimizer = keras.optimizers.SGD(0.3, momentum=0.9, use_ema=True, ema_momentum=0.995)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=10,
    validation_data=(x_val, y_val),
    callbacks=[keras.callbacks.SwapEMAWeights()],
    verbose=2,
)
