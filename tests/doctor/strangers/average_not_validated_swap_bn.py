"""CODE: average_not_validated

use_ema together with SwapEMAWeights, as the docs say, so validation sees the averaged weights.
But val_accuracy is at chance for the first epochs and val_loss above training's all the time;
without EMA it's fine. (There is BatchNorm in it.)
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(31 + SEED)


def faces(n, seed):
    """Ellipses lying, standing or round, on a lit background."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n)
    b, a = np.mgrid[-1:1:24j, -1:1:24j]
    q = np.array([0.65, 1.0, 1.5])[y][:, None, None]
    cx, cy = r.uniform(-0.3, 0.3, (2, n, 1, 1))
    m = (q * (a - cx) ** 2 + (b - cy) ** 2 / q < 0.3).astype("float32")
    light = r.uniform(-0.6, 0.6, (2, n, 1, 1))
    x = (
        m * r.uniform(0.6, 1.4, (n, 1, 1))
        + light[0] * a
        + light[1] * b
        + r.normal(0, 0.3, (n, 24, 24))
    )
    return x[..., None].astype("float32"), y


(x, y), (xv, yv) = faces(900, 1), faces(600, 2)
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(900).batch(30)
val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(100)

inp = keras.Input((24, 24, 1))
h = inp
for width in (16, 32, 32):
    h = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.8)(h)
    h = layers.Activation("elu")(h)
h = layers.Flatten()(h)
model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
adam = keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.99)
model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(
    train,
    epochs=10,
    validation_data=val,
    callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True)],
    verbose=2,
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
