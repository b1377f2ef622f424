"""CODE: none

A backbone with BatchNorm, trained before on stripes of six other directions, is frozen as a
whole; only a new head is trained. A frozen BatchNorm layer reads its stored averages in training
too, so both modes are one network.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 50)


def stripes(n, degrees):
    which = rng.integers(0, len(degrees), n)
    angle = np.deg2rad(np.asarray(degrees, float))[which][:, None, None]
    i, j = np.mgrid[:16, :16]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(np.cos(angle) * i + np.sin(angle) * j + phase)
    image = 0.7 * wave + rng.normal(0, 0.7, (n, 16, 16))
    return image[..., None].astype("float32"), keras.utils.to_categorical(which, len(degrees))


def block(filters, stride):
    return [
        keras.layers.Conv2D(filters, 3, stride, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Activation("relu"),
    ]


backbone = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        *block(16, 1),
        *block(24, 2),
        *block(32, 2),
        keras.layers.GlobalAveragePooling2D(),
    ],
    name="backbone",
)
before = keras.Sequential(
    [keras.Input((16, 16, 1)), backbone, keras.layers.Dense(6, activation="softmax")]
)
before.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy")
x_old, y_old = stripes(2000, [0, 30, 60, 90, 120, 150])
before.fit(x_old, y_old, batch_size=32, epochs=4, verbose=0)

backbone.trainable = False
model = keras.Sequential(
    [keras.Input((16, 16, 1)), backbone, keras.layers.Dense(4, activation="softmax")]
)
x_new, y_new = stripes(1500, [15, 60, 105, 150])
x_test, y_test = stripes(700, [15, 60, 105, 150])
decay = keras.optimizers.schedules.CosineDecay(1e-2, decay_steps=8 * 47, alpha=0.05)
model.compile(keras.optimizers.Adam(decay), "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_new, y_new, batch_size=32, epochs=8, validation_data=(x_test, y_test), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
