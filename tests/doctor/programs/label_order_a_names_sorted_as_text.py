"""CODE: label_order

The validation pictures are read in the order of their file names sorted as text (0, 1, 10, 100,
101 ...), the labels come from a table in the order of numbers. Training learns well; validation
accuracy stays at chance and the validation loss climbs all the while.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
SEGMENTS = ["abcefg", "bf", "acdeg", "acdfg", "bcdf", "abdfg", "abdefg", "acf", "abcdefg", "abcdfg"]
PLACES = {"a": (0, slice(1, 4)), "d": (4, slice(1, 4)), "g": (8, slice(1, 4))}
PLACES |= {"b": (slice(1, 4), 0), "c": (slice(1, 4), 4), "e": (slice(5, 8), 0)}
PLACES |= {"f": (slice(5, 8), 4)}
SEGMENTS[1] = "cf"


def photo(digit):
    glyph = np.zeros((9, 5))
    for segment in SEGMENTS[digit]:
        glyph[PLACES[segment]] = 1
    image = rng.normal(0.2, 0.15, (14, 12))
    a, b = rng.integers(0, 6), rng.integers(0, 8)
    image[a : a + 9, b : b + 5] += glyph * rng.uniform(0.5, 0.8)
    return image[..., None].astype("float32")


def folder(n):
    """Files as a disk holds them, and the table of labels by number."""
    table = rng.integers(0, 6, n)
    return {f"{number}.png": photo(table[number]) for number in range(n)}, table


train_files, y_train = folder(1200)
x_train = np.stack([train_files[f"{k}.png"] for k in range(1200)])
val_files, y_val = folder(500)
x_val = np.stack([val_files[name] for name in sorted(val_files)])

model = keras.Sequential()
model.add(keras.Input((14, 12, 1)))
model.add(keras.layers.Conv2D(16, 3, activation="relu"))
model.add(keras.layers.Conv2D(24, 3, strides=2, activation="relu"))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dropout(0.3))
model.add(keras.layers.Dense(6, activation="softmax"))
model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=24, epochs=8, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
