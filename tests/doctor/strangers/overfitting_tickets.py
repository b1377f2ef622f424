"""CODE: overfitting

Support tickets to four departments, 320 of them sorted by the trainees. Training accuracy goes on to 1.0;
validation accuracy has its best after a few epochs and gives away some of it, val_loss doubles.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
VOCAB, LENGTH, DEPARTMENTS = 400, 30, 4
owner = rng.integers(0, 2 * DEPARTMENTS, VOCAB)  # half of the words say nothing


def tickets(n):
    y = rng.integers(0, DEPARTMENTS, n)
    words = np.empty((n, LENGTH), "int32")
    for d in range(DEPARTMENTS):
        p = np.where(owner == d, 3.5, 1.0)
        words[y == d] = rng.choice(VOCAB, ((y == d).sum(), LENGTH), p=p / p.sum())
    hasty = rng.random(n) < 0.3
    return words, np.where(hasty, rng.integers(0, DEPARTMENTS, n), y)


x, y = tickets(320)
x_val, y_val = tickets(800)
words = keras.Input((LENGTH,), dtype="int32")
h = layers.Embedding(VOCAB, 32)(words)
h = layers.Conv1D(48, 3, activation="relu")(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dense(64, activation="relu")(h)
model = keras.Model(words, layers.Dense(DEPARTMENTS, activation="softmax")(h))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=16, epochs=13, validation_data=(x_val, y_val), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
