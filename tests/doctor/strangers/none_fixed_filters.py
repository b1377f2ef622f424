"""CODE: none

Direction of brush strokes, by a fixed bank of Gabor filters and a small head that alone is trained. Both
curves creep upwards together and seem to end far below 1. Should I unfreeze?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def strokes(n, kinds=6):
    y = rng.integers(0, kinds, n)
    turn = (y * np.pi / kinds + rng.normal(0, 0.2, n))[:, None, None]
    i, j = np.mgrid[:24, :24]
    wave = np.sin(0.9 * (np.cos(turn) * i + np.sin(turn) * j) + rng.uniform(0, 6.3, (n, 1, 1)))
    return (wave + 1.2 * rng.normal(size=(n, 24, 24)))[..., None].astype("float32"), y


def gabor(size=9, directions=12):
    a = np.arange(size) - size // 2
    u, v = np.meshgrid(a, a, indexing="ij")
    bank = []
    for t in np.arange(directions) * np.pi / directions:
        for shift in (0, np.pi / 2):
            bank.append(
                np.exp(-(u**2 + v**2) / 10) * np.cos(0.9 * (np.cos(t) * u + np.sin(t) * v) + shift)
            )
    bank = np.stack(bank, -1)
    return (bank / np.linalg.norm(bank, axis=(0, 1)))[:, :, None].astype("float32")


filters = layers.Conv2D(24, 9, strides=3, use_bias=False, trainable=False, name="gabor")
inputs = keras.Input((24, 24, 1))
h = keras.ops.square(filters(inputs))
h = keras.ops.log(1 + layers.GlobalAveragePooling2D()(h))
outputs = layers.Dense(6, activation="softmax")(layers.Dense(16, activation="tanh")(h))
model = keras.Model(inputs, outputs)
filters.set_weights([gabor()])
model.compile(
    keras.optimizers.Adagrad(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
x, y = strokes(1500)
history = model.fit(x, y, batch_size=32, epochs=12, validation_data=strokes(800), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
