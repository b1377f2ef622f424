"""CODE: float16_overflow

Sounds of machines, mixed precision to save memory. The accuracy is quite good, but loss
and val_loss are nan in every epoch; in float32 the same script runs without a single nan.
There is no nan in the data, I looked.
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
keras.mixed_precision.set_global_policy("mixed_float16")
rng = np.random.default_rng(seed)
T = 512


def sounds(n):
    """Hum, rattle or whine; some machines are nearer to the microphone than others."""
    y = rng.integers(0, 3, n)
    t = np.arange(T)
    x = rng.normal(0, 0.5, (n, T))
    for i, c in enumerate(y):
        f = (0.08, 0.2, 0.45)[c] + rng.uniform(-0.05, 0.05)
        x[i] += np.sin(f * t * (1 + 0.0004 * t * (c == 1)) + rng.uniform(0, 6.3)) + 0.6 * np.sin(
            2.1 * f * t
        )
    gain = 3.2 * np.exp(0.5 * rng.normal(size=(n, 1)))
    return (gain * x)[..., None].astype("float32"), y


@keras.saving.register_keras_serializable()
class Level(layers.Layer):
    """Splits a sound into its shape (rms 1) and the log of its level."""

    def call(self, x):
        energy = ops.sum(ops.square(x), axis=1, keepdims=True)
        rms = ops.sqrt(energy / T)
        return x / rms, ops.squeeze(ops.log(energy), axis=1)


x_train, y_train = sounds(2400)
x_val, y_val = sounds(1200)
inp = keras.Input((T, 1))
shape, level = Level()(inp)
x = layers.Conv1D(12, 16, strides=8, activation="relu")(shape)
x = layers.Conv1D(24, 5, strides=2, activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Concatenate()([x, level])
x = layers.Dense(24, activation="relu")(x)
out = layers.Dense(3, activation="softmax", dtype="float32")(x)
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=40, epochs=8, validation_data=(x_val, y_val), verbose=2
)
for k, v in history.history.items():
    print(k, np.round(v, 4))
