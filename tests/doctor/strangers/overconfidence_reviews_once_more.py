"""CODE: overconfidence

Reviews, positive or negative. Validation accuracy settles after three epochs and stays, but val_loss
climbs and climbs from there. Should I trust the accuracy or the loss?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
VOCAB, LENGTH = 500, 40

tone = rng.normal(0, 1, VOCAB) * (rng.random(VOCAB) < 0.3)
common = 1 / (np.arange(VOCAB) + 20.0)


def reviews(n):
    y = rng.integers(0, 2, n)
    out = np.empty((n, LENGTH), "int32")
    for c in (0, 1):
        p = common * np.exp(0.45 * tone * (1 if c else -1))
        out[y == c] = rng.choice(VOCAB, ((y == c).sum(), LENGTH), p=p / p.sum())
    return out, y


x, y = reviews(1000)
model = keras.Sequential(
    [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(VOCAB, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(2e-2), loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=32, epochs=15, validation_data=reviews(1000), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
