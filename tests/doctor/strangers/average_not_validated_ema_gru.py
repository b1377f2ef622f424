"""CODE: average_not_validated
Following a paper I switched the weight averaging of the optimizer on. Validation during fit looks
very good. Then I evaluate the model which fit left (and which I saved): loss twice as high or worse.
Same data, no BatchNorm, no dropout.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

VOCAB, LEN = 30, 24


def sequence():
    """does symbol 3 come before symbol 7?  a little grammar with distractors"""
    s = rng.integers(8, VOCAB, LEN)
    a, b = sorted(rng.choice(LEN, 2, replace=False))
    lab = rng.integers(0, 2)
    s[a], s[b] = (3, 7) if lab else (7, 3)
    if rng.random() < 0.05:
        lab = 1 - lab
    return s, lab


data = [sequence() for _ in range(2600)]
x = np.array([d[0] for d in data])
y = np.array([d[1] for d in data], "float32")
x_train, y_train, x_val, y_val = x[:2000], y[:2000], x[2000:], y[2000:]

model = keras.Sequential(
    [
        layers.Embedding(VOCAB, 12),
        layers.Conv1D(16, 3, activation="relu"),
        layers.GRU(16),
        layers.Dense(1, activation="sigmoid"),
    ]
)
opt = keras.optimizers.AdamW(
    learning_rate=4e-3, weight_decay=1e-4, use_ema=True, ema_momentum=0.999
)
model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
hist = model.fit(
    x_train, y_train, batch_size=50, epochs=10, validation_data=(x_val, y_val), verbose=2
)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
print("evaluate afterwards:", model.evaluate(x_val, y_val, verbose=0))
