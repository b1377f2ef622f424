"""CODE: none

Healthy: a softmax regression on 1-D spectra, 120 validation spectra; both curves are smooth, so
there is no jumping that anybody could ask about.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(26 + SEED)
rng = np.random.default_rng(26)
peaks = np.array([12, 24, 36])


def spectra(n):
    y = rng.integers(0, 3, n)
    t = np.arange(48)
    x = np.exp(-(((t - peaks[y][:, None] - rng.normal(0, 1.5, (n, 1))) / 3) ** 2))
    return (x + rng.normal(0, 0.5, (n, 48))).astype("float32"), keras.utils.to_categorical(y, 3)


model = keras.Sequential([keras.Input((48,)), keras.layers.Dense(3, activation="softmax")])
model.compile(keras.optimizers.SGD(0.02), "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    *spectra(800), batch_size=32, epochs=20, validation_data=spectra(120), verbose=0
)
for k, v in history.history.items():
    print(k, np.round(v, 3))
