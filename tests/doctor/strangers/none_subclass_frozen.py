"""CODE: none

Subclassed model, frozen base called with training=False inside call(): this does hold. Only the
head learns. EMA of the weights, swapped for validation with SwapEMAWeights.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(34 + SEED)


def ripples(n, seed, kinds):
    r = np.random.default_rng(seed)
    y = r.integers(0, kinds, n)
    b, a = np.mgrid[-1:1:24j, -1:1:24j]
    d = np.hypot(a - r.uniform(-0.5, 0.5, (n, 1, 1)), b - r.uniform(-0.5, 0.5, (n, 1, 1)))
    x = np.cos((8 + 4 * y[:, None, None]) * d + r.uniform(0, 6.28, (n, 1, 1))) + r.normal(
        0, 1, (n, 24, 24)
    )
    return x[..., None].astype("float32"), y


base = keras.Sequential([keras.Input((24, 24, 1))])
for w in (16, 32, 32):
    base.add(layers.Conv2D(w, 3, strides=2, padding="same", use_bias=False))
    base.add(layers.BatchNormalization(momentum=0.9))
    base.add(layers.ReLU())
base.add(layers.GlobalAveragePooling2D())
pre = keras.Sequential([base, layers.Dense(5, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy")
pre.fit(*ripples(2000, 0, 5), epochs=6, verbose=0)
base.trainable = False


class Head(keras.Model):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.hidden, self.drop = layers.Dense(32, activation="relu"), layers.Dropout(0.2)
        self.out = layers.Dense(3)

    def call(self, x, training=None):
        h = self.base(x, training=False)
        return self.out(self.drop(self.hidden(h), training=training))


model = Head(base)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(
    keras.optimizers.Adam(3e-3, use_ema=True, ema_momentum=0.9), loss, metrics=["accuracy"]
)
swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
h = model.fit(
    *ripples(900, 1, 3), epochs=12, validation_data=ripples(900, 2, 3), callbacks=[swap], verbose=2
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
