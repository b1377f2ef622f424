"""CODE: overconfidence

A wide layer and 400 pictures, some of them labelled wrongly: training accuracy goes to one, and
the network becomes too sure of itself. Validation loss climbs after the first epochs, validation
accuracy hardly moves.
"""

import sys

import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


def faces(n, rng):
    """Two eyes and a mouth that is curved up, flat or down; 16 px; 12 % wrong labels."""
    mood = rng.integers(0, 3, n)
    row, column = rng.uniform(-1, 1, (2, n, 1, 1))
    i, j = np.mgrid[:16, :16]
    i, j = i - 7.5 - row, j - 7.5 - column
    eyes = np.exp(-((i + 3.5) ** 2 + (np.abs(j) - 3.5) ** 2) / 2)
    curve = ((1 - mood) * 0.13)[:, None, None]
    mouth = np.exp(-((i - 3.5 + curve * (j**2 - 8)) ** 2) / 1.5) * (np.abs(j) < 5.5)
    image = eyes + mouth + rng.normal(0, 0.5, (n, 16, 16))
    wrong = rng.random(n) < 0.12
    mood = np.where(wrong, rng.integers(0, 3, n), mood)
    return image.astype("float32")[..., None], mood


generator = np.random.default_rng(SEED + 3)
few = tf.data.Dataset.from_tensor_slices(faces(400, generator)).shuffle(400).batch(10)
held = tf.data.Dataset.from_tensor_slices(faces(900, generator)).batch(100)


class Wide(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.edges = keras.layers.Conv2D(16, 3, activation="relu")
        self.flat = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.moods = keras.layers.Dense(3)

    def call(self, pixels):
        return self.moods(self.hidden(self.flat(self.edges(pixels))))


model = Wide(128)
model.compile(
    optimizer=keras.optimizers.Adam(1.5e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(few, epochs=12, validation_data=held, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
