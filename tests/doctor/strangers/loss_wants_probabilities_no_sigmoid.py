"""CODE: loss_wants_probabilities

The last layer has no sigmoid, but the loss is plain 'binary_crossentropy', which takes its input
for a probability: outputs below 0 or above 1 are clipped, give losses of up to 16 and no gradient.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)

WORDS, LENGTH = 400, 40


def reviews(n, rng):
    """Words 1..30 are kind, 31..60 unkind, the others common to all."""
    liked = rng.integers(0, 2, n)
    tokens = rng.integers(61, WORDS, (n, LENGTH))
    kind, unkind = rng.integers(1, 31, (n, LENGTH)), rng.integers(31, 61, (n, LENGTH))
    draw = rng.random((n, LENGTH))
    share = np.where(liked == 1, 0.18, 0.07)[:, None]
    tokens = np.where(draw < share, kind, tokens)
    tokens = np.where(draw > 1 - (0.25 - share), unkind, tokens)
    return tokens.astype("int32"), liked.astype("float32")


rng = np.random.default_rng(seed)
x_train, y_train = reviews(2000, rng)
x_val, y_val = reviews(600, rng)

model = keras.Sequential(
    [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(WORDS, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), verbose=2
)
print("val_loss", [round(v, 3) for v in history.history["val_loss"]])
