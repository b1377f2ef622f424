"""CODE: average_not_validated

Weight averaging with SwapEMAWeights, as in the documentation. The validation loss
is terrible for most of the run whereas the training loss goes down without a hitch. Without the
averaging the validation loss follows the training loss. Averages should be better?!
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def textures(n):
    y = rng.integers(0, 8, n)
    yy, xx = np.mgrid[:28, :28] / 28
    x = np.empty((n, 28, 28, 3), "float32")
    for i, c in enumerate(y):
        a = c * np.pi / 8 + rng.normal(0, 0.09)
        w = np.sin(
            2 * np.pi * rng.uniform(3, 6) * (xx * np.cos(a) + yy * np.sin(a)) + rng.uniform(0, 6.3)
        )
        x[i] = w[..., None] * rng.uniform(0.1, 0.5, 3) + rng.normal(0, 0.5, (28, 28, 3))
    return x, y


(xt, yt), (xv, yv) = textures(2500), textures(600)


def unit(x, f, stride=1):
    y = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization(momentum=0.9)(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(f, 1, use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    return layers.ReLU()(y)


inp = keras.Input((28, 28, 3))
z = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(inp)
z = layers.BatchNormalization(momentum=0.9)(z)
z = layers.ReLU()(z)
z = unit(z, 32)
z = unit(z, 48, 2)
z = layers.GlobalAveragePooling2D()(z)
model = keras.Model(inp, layers.Dense(8, activation="softmax")(z))

model.compile(
    keras.optimizers.Adam(2e-2, use_ema=True, ema_momentum=0.995),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(
    xt,
    yt,
    batch_size=50,
    epochs=7,
    validation_data=(xv, yv),
    verbose=2,
    callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True)],
)
print({k: [round(float(a), 4) for a in v] for k, v in h.history.items()})
