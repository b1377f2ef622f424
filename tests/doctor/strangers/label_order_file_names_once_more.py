"""CODE: label_order

The validation files are listed by name ("10.npy" comes before "2.npy"), their labels are in the
order of the numbers: pictures and labels no longer belong together, and validation stays at
chance while training gets better.
"""

import os
import sys
import tempfile

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def make_signs(n, rng):
    """A ring, a cross or a square, somewhere in a noisy 20 px picture."""
    labels = rng.integers(0, 3, n)
    row, column = rng.uniform(7, 12, (2, n, 1, 1))
    size = rng.uniform(4, 6, (n, 1, 1))
    i, j = np.mgrid[:20, :20]
    down, right = np.abs(i - row), np.abs(j - column)
    ring = np.abs(np.hypot(down, right) - size) < 1.2
    cross = (np.minimum(down, right) < 1.2) & (np.maximum(down, right) < size)
    square = np.maximum(down, right) < size - 1
    shape = np.choose(labels[:, None, None], [ring, cross, square])
    pictures = 70 + 80 * shape + rng.normal(0, 45, (n, 20, 20))
    return np.clip(pictures, 0, 255).astype("uint8"), labels


rng = np.random.default_rng(seed)
train_pictures, train_labels = make_signs(1500, rng)

with tempfile.TemporaryDirectory() as folder:
    pictures, validation_labels = make_signs(450, rng)
    for number, picture in enumerate(pictures):
        np.save(os.path.join(folder, f"{number}.npy"), picture)
    np.savetxt(os.path.join(folder, "labels.csv"), validation_labels, fmt="%d")

    names = sorted(name for name in os.listdir(folder) if name.endswith(".npy"))
    validation_pictures = np.stack([np.load(os.path.join(folder, name)) for name in names])
    validation_labels = np.loadtxt(os.path.join(folder, "labels.csv"), dtype="int64")

x_train = train_pictures[..., None].astype("float32") / 255
x_val = validation_pictures[..., None].astype("float32") / 255

net = keras.Sequential(name="signs")
net.add(keras.Input(shape=(20, 20, 1)))
net.add(layers.Conv2D(16, 3, activation="relu"))
net.add(layers.MaxPooling2D(2))
net.add(layers.Conv2D(32, 3, activation="relu"))
net.add(layers.MaxPooling2D(2))
net.add(layers.Flatten())
net.add(layers.Dropout(0.4))
net.add(layers.Dense(32, activation="relu"))
net.add(layers.Dense(3, activation="softmax"))
net.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
log = net.fit(
    x_train,
    train_labels,
    batch_size=32,
    epochs=10,
    validation_data=(x_val, validation_labels),
    verbose=2,
)
print("training accuracy", [round(v, 2) for v in log.history["accuracy"]])
print("validation accuracy", [round(v, 2) for v in log.history["val_accuracy"]])
