"""CODE: optimizer_state_lost

'My data do not fit in memory': each chunk is trained by a freshly built and compiled model that
loads the weights of the one before. SGD with momentum 0.98 starts from rest each time.
"""

import sys
import tempfile

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(12 + SEED)
WEIGHTS = tempfile.mkdtemp() + "/last.weights.h5"
rng = np.random.default_rng(12)


def chunk(n):
    """Sum of three Gaussian bumps at class-specific places, grey, 20 px."""
    places = np.random.default_rng(1).uniform(3, 17, (5, 3, 2))
    y = rng.integers(0, 5, n)
    i, j = np.mgrid[:20, :20]
    x = rng.normal(0, 0.9, (n, 20, 20))
    for k, c in enumerate(y):
        for a, b in places[c] + rng.normal(0, 0.7, (3, 2)):
            x[k] += 1.2 * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 6)
    return x[..., None].astype("float32"), keras.utils.to_categorical(y, 5)


def build():
    inputs = keras.Input((20, 20, 1))
    h = keras.layers.Conv2D(12, 3, activation="relu")(inputs)
    h = keras.layers.MaxPooling2D()(h)
    h = keras.layers.Flatten()(h)
    h = keras.layers.Dense(48, activation="relu")(h)
    model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(h))
    model.compile(
        keras.optimizers.SGD(5e-4, momentum=0.98), "categorical_crossentropy", metrics=["accuracy"]
    )
    return model


val = chunk(500)
record = {}
for number in range(16):
    model = build()
    if number:
        model.load_weights(WEIGHTS)
    h = model.fit(*chunk(480), batch_size=32, epochs=1, validation_data=val, verbose=0)
    model.save_weights(WEIGHTS)
    for k, v in h.history.items():
        record.setdefault(k, []).extend(v)
for k, v in record.items():
    print(k, np.round(v, 3))
