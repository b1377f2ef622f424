"""CODE: loss_wants_probabilities

Gestures from an accelerometer, ten of them, one-hot. The loss starts near ten, hardly comes down or jumps, and accuracy stays
poor for training and validation. A decision tree on the same data has 90 %.
"""

import sys
import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 40)
shapes = np.random.default_rng(4).normal(0, 1, (10, 6, 3))


def gestures(n):
    k = rng.integers(0, 10, n)
    t = np.linspace(0, 2 * np.pi, 50)
    waves = np.stack(
        [np.sin(t), np.cos(t), np.sin(2 * t), np.cos(2 * t), np.sin(3 * t), np.cos(3 * t)]
    )
    strength = rng.uniform(0.7, 1.3, (n, 1, 1))
    x = strength * np.einsum("ft,nfc->ntc", waves, shapes[k]) / 2 + rng.normal(0, 0.8, (n, 50, 3))
    return x.astype("float32"), keras.utils.to_categorical(k, 10)


inputs = keras.Input(shape=(50, 3))
z = keras.layers.Conv1D(32, 5, strides=2, activation="relu")(inputs)
z = keras.layers.Conv1D(48, 5, strides=2, activation="relu")(z)
z = keras.layers.Flatten()(z)
z = keras.layers.Dense(64, activation="relu")(z)
z = keras.layers.Dropout(0.25)(z)
outputs = keras.layers.Dense(10)(z)
model = keras.Model(inputs, outputs, name="gestures")
model.compile(
    loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"]
)

xt, yt = gestures(1600)
xv, yv = gestures(500)
record = model.fit(xt, yt, batch_size=50, epochs=10, validation_data=(xv, yv), verbose=0).history
for e in range(10):
    print(e + 1, " ".join(f"{key}={record[key][e]:.3f}" for key in record))
