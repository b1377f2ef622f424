"""CODE: bn_batch_too_small
My card has little memory, so batch_size=2 (it was 32 on the server). Training loss is now much worse,
val_loss hops about (now below, now far above it), and fewer classes are told apart than on the server.
"""

import sys
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def texture(c, size=24):
    base = np.random.normal(0, 1, (size + 8, size + 8))
    ky, kx = [(1, 1), (1, 5), (5, 1), (3, 3)][c]
    k = np.ones((ky, kx)) / np.sqrt(ky * kx)
    out = np.zeros((size, size))
    for dy in range(ky):
        for dx in range(kx):
            out += k[dy, dx] * base[dy : dy + size, dx : dx + size]
    return (
        out * np.random.uniform(0.5, 1.5)
        + np.random.normal(0, 0.6)
        + np.random.normal(0, 0.8, (size, size))
    )


Y = np.random.randint(0, 4, 900)
X = np.stack([texture(c) for c in Y]).astype("float32")[..., None]
x_train, y_train, x_val, y_val = X[:500], Y[:500], X[500:], Y[500:]


class Res(layers.Layer):
    def __init__(self, f, **kw):
        super().__init__(**kw)
        self.a, self.b = layers.Conv2D(f, 3, padding="same"), layers.Conv2D(f, 3, padding="same")
        self.na, self.nb = layers.BatchNormalization(), layers.BatchNormalization()
        self.skip = layers.Conv2D(f, 1)

    def call(self, x, training=False):
        h = keras.ops.relu(self.na(self.a(x), training=training))
        h = self.nb(self.b(h), training=training)
        return keras.ops.relu(h + self.skip(x))


inputs = keras.Input((24, 24, 1))
h = Res(8)(inputs)
h = layers.MaxPooling2D(3)(h)
h = Res(12)(h)
h = layers.GlobalAveragePooling2D()(h)
h = layers.Dense(16)(h)
h = layers.BatchNormalization()(h)
h = layers.Activation("relu")(h)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(
    x_train, y_train, batch_size=2, epochs=8, validation_data=(x_val, y_val), verbose=0
)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
