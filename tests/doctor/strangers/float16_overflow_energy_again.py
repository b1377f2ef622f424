"""CODE: float16_overflow

Where in the clip is the event? Log-energies of the frames, then a small network. With mixed
precision the loss reads nan from the first epoch on; the accuracy is fine nevertheless, until it suddenly
falls to that of guessing and stays there.
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
keras.mixed_precision.set_global_policy("mixed_float16")
rng = np.random.default_rng(seed)


def clips(n):
    y = rng.integers(0, 4, n)
    loud = rng.lognormal(2.5, 0.5, (n, 1))  # gain of the recorder, in counts
    t = np.arange(400)
    event = np.exp(-0.5 * ((t - 50 - 100 * y[:, None] - rng.normal(0, 20, (n, 1))) / 30) ** 2)
    x = loud * (0.5 + event) * rng.normal(size=(n, 400))
    return x.astype("float32"), y


class FrameEnergy(layers.Layer):
    def call(self, x):
        frames = ops.reshape(x, (-1, 20, 20))
        return ops.log(ops.sum(ops.square(frames), axis=-1) + 1.0)


x, y = clips(1600)
inputs = keras.Input((400,))
h = FrameEnergy()(inputs)
h = layers.LayerNormalization()(h)
h = layers.Dense(32, activation="relu")(h)
outputs = layers.Dense(4, activation="softmax", dtype="float32")(h)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=32, epochs=10, validation_data=clips(600), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
