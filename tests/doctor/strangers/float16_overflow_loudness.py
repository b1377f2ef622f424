"""CODE: float16_overflow

Under mixed_float16 the layer that adds up squared samples of a frame passes 65504 on the louder
clips and gives inf, and the loss turns nan.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
keras.mixed_precision.set_global_policy("mixed_float16")

FRAMES, SAMPLES = 24, 64


class FrameEnergy(layers.Layer):
    def call(self, x):
        frames = ops.reshape(x, (-1, FRAMES, SAMPLES))
        energy = ops.sum(ops.square(frames), axis=-1)
        return ops.log(1.0 + energy) - 6.0


def clips(n):
    kind = rng.integers(0, 4, n)
    t = np.linspace(0, 1, FRAMES * SAMPLES)
    shift = rng.uniform(0, 0.25, (n, 1))
    shapes = np.stack(
        [
            0.3 + 0.7 * (t > 0.3 + shift),
            np.exp(-1.6 * t + shift),
            0.6 + 0.4 * np.sin(2 * np.pi * (3 * t + 4 * shift)),
            1.0 - 0.7 * ((t > 0.2 + shift) & (t < 0.55 + shift)),
        ]
    )
    envelope = shapes[kind, np.arange(n)]
    volume = 10 * rng.lognormal(0, 0.45, (n, 1))
    wave = volume * envelope * rng.normal(0, 1, (n, len(t)))
    wave *= rng.lognormal(0, 0.4, (n, FRAMES)).repeat(SAMPLES, axis=1)
    return wave.astype("float32"), kind


x_train, y_train = clips(1600)
x_val, y_val = clips(500)

model = keras.Sequential(
    [
        keras.Input((FRAMES * SAMPLES,)),
        FrameEnergy(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(4),
        layers.Activation("softmax", dtype="float32"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=64, epochs=8, validation_data=(x_val, y_val), verbose=2)
