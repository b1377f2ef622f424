"""CODE: validation_prepared_otherwise

Training is standardised with its own mean and deviation, validation is divided by 255. Dense-only
with Dropout on small grey pictures.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(5 + SEED)
rng = np.random.default_rng(50)


def digits_like(n):
    """Five made-up glyphs (7 x 7 random patterns, enlarged), shifted and noisy, 0..255."""
    glyphs = np.random.default_rng(7).integers(0, 2, (5, 7, 7))
    y = rng.integers(0, 5, n)
    x = np.full((n, 24, 24), 30.0)
    for k, c in enumerate(y):
        a, b = rng.integers(0, 4, 2)
        x[k, a : a + 21, b : b + 21] += 110 * np.kron(glyphs[c], np.ones((3, 3)))
    return np.clip(x + rng.normal(0, 50, x.shape), 0, 255).astype("uint8"), y


x_train, y_train = digits_like(1200)
x_test, y_test = digits_like(500)

mean, std = x_train.mean(), x_train.std()
x_train = (x_train - mean) / std
x_test = x_test / 255.0

model = keras.Sequential(
    [
        keras.Input((24, 24)),
        keras.layers.Flatten(),
        keras.layers.Dense(96, activation="relu"),
        keras.layers.Dropout(0.4),
        keras.layers.Dense(5, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(3e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=64, epochs=20, validation_data=(x_test, y_test), verbose=0
)
for key, values in history.history.items():
    print(f"{key:12}", *(f"{v:.3f}" for v in values))
