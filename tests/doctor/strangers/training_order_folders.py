"""CODE: training_order

A generator reads one class folder after the other, never mixed, and an epoch is 27 of the 40
batches of a whole pass: each epoch ends within another class. The accuracy of training is high,
and validation calls everything by the class that came last.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 40)
marks = 7 * np.linalg.qr(rng.normal(size=(49, 49)))[0][:4].reshape(4, 7, 7)
marks = marks.repeat(2, axis=1).repeat(2, axis=2)  # (4, 14, 14)


def folder(kind, n):
    files = 0.5 * marks[kind][None, :, :, None] + rng.normal(size=(n, 14, 14, 3))
    return files.astype("float32")


folders = [folder(kind, 320) for kind in range(4)]


def read_folders(size=32):
    while True:
        for kind, files in enumerate(folders):
            for start in range(0, len(files), size):
                batch = files[start : start + size]
                yield batch, np.full(len(batch), kind, dtype="int32")


x_val = np.concatenate([folder(kind, 120) for kind in range(4)])
y_val = np.repeat(np.arange(4), 120).astype("int32")

model = keras.Sequential(
    [
        keras.Input((14, 14, 3)),
        layers.Conv2D(12, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    read_folders(), steps_per_epoch=27, epochs=9, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
