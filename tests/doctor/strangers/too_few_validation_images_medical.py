"""CODE: too_few_validation_images

Only 24 validation images ('we have few patients'); training goes steadily, the validation
accuracy hops by 4 points a picture.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(15 + SEED)
rng = np.random.default_rng(15)


def scans(n):
    """Faint round lesion on smooth tissue, or none."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:32, :32]
    x = rng.normal(0, 0.35, (n, 32, 32))
    for k in range(n):
        x[k] += np.kron(rng.normal(0, 0.3, (4, 4)), np.ones((8, 8)))
        if y[k]:
            a, b = rng.uniform(8, 24, 2)
            x[k] += rng.uniform(0.3, 1.1) * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 14)
    return x[..., None].astype("float32"), y.astype("float32")


x, y = scans(1200)
xv, yv = scans(24)
model = keras.Sequential(
    [
        keras.Input((32, 32, 1)),
        keras.layers.RandomFlip("horizontal_and_vertical"),
        keras.layers.Conv2D(8, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(24, 3, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=32, epochs=16, validation_data=(xv, yv), verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
