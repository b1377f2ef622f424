"""CODE: none

EMA of the weights with SwapEMAWeights. In the first two epochs validation is much worse than training,
then it overtakes and is better than the training loss to the end. That looks
suspicious to me: how can validation beat training?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def sweep(n):
    """Chirps: rising, falling, steady, two tones."""
    c = rng.integers(0, 4, n)
    t = np.linspace(0, 1, 128)
    x = np.empty((n, 128, 1), "float32")
    for i, k in enumerate(c):
        f, d = rng.uniform(10, 16), rng.uniform(4, 7)
        ph = rng.uniform(0, 6.3)
        s = (
            np.sin(2 * np.pi * (f * t + d * t * t) + ph),
            np.sin(2 * np.pi * ((f + d) * t - d * t * t) + ph),
            np.sin(2 * np.pi * f * t + ph),
            0.7 * np.sin(2 * np.pi * f * t + ph) + 0.7 * np.sin(2 * np.pi * (f + d) * t),
        )[k]
        x[i, :, 0] = s + rng.normal(0, 0.35, 128)
    return x, c


x_train, y_train = sweep(2500)
x_val, y_val = sweep(800)
model = keras.Sequential(
    [
        keras.Input((128, 1)),
        layers.Conv1D(24, 7, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Conv1D(32, 7, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Conv1D(32, 5, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.98),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(
    x_train,
    y_train,
    batch_size=50,
    epochs=9,
    validation_data=(x_val, y_val),
    verbose=2,
    callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True)],
)
for k, v in h.history.items():
    print(k, np.round(v, 4))
