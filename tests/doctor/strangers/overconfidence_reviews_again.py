"""CODE: overconfidence

Reviews, good or bad, embedding and average as in the beginners' guide; trained on clear ones, validated on all,
ironic ones too. Validation loss rises from the third or fourth epoch on while validation accuracy stays where it is. Which of the two to believe?
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 9)
VOCAB, LENGTH = 400, 25
tone = np.zeros(VOCAB)
tone[20:120] = np.random.default_rng(0).choice([-1.0, 1.0], 100)


def reviews(n, irony):
    good = rng.integers(0, 2, n)
    words = np.zeros((n, LENGTH), "int32")
    for k in range(n):
        weight = np.exp(1.1 * tone * (2 * good[k] - 1))
        words[k] = 1 + rng.choice(VOCAB - 1, LENGTH, p=weight[1:] / weight[1:].sum())
    changed = rng.random(n) < irony
    return words, np.where(changed, 1 - good, good).astype("float32")


x, y = reviews(1600, 0.0)
xv, yv = reviews(1000, 0.07)
model = keras.Sequential(
    [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(VOCAB, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.RMSprop(4e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
history = model.fit(x, y, epochs=15, batch_size=32, validation_data=(xv, yv), verbose=0).history
for e in range(15):
    print(f"epoch {e + 1:2d}", {k: round(v[e], 3) for k, v in history.items()})
