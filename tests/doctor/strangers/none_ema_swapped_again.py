"""CODE: none

Chirps with wrong labels among them and averaged weights. Validation is ten points and more above
training in every epoch. Should validation be better than training?
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 88)


def chirps(n, mistakes):
    y = rng.integers(0, 4, n)
    t = np.linspace(0, 1, 100)[None]
    bend = np.array([-18, -6, 6, 18])[y][:, None]
    x = np.sin(
        2 * np.pi * (rng.uniform(10, 14, (n, 1)) * t + bend * t * t / 2)
        + rng.uniform(0, 6.3, (n, 1))
    )
    x = x + rng.normal(0, 0.5, x.shape)
    wrong = rng.random(n) < mistakes
    return x[..., None].astype("float32"), np.where(wrong, rng.integers(0, 4, n), y)


x, y = chirps(2000, 0.15)
xv, yv = chirps(700, 0.0)
model = keras.Sequential(
    [
        keras.Input((100, 1)),
        layers.Conv1D(24, 9, strides=2, activation="relu"),
        layers.Conv1D(32, 9, strides=2, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(4, activation="softmax"),
    ]
)
optimizer = keras.optimizers.AdamW(1e-3, weight_decay=1e-3, use_ema=True, ema_momentum=0.97)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x,
    y,
    batch_size=32,
    epochs=12,
    validation_data=(xv, yv),
    verbose=0,
    callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=False)],
)
for k, v in history.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
