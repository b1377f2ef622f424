"""CODE: bn_averages_of_few_images

Momentum=0.1 taken over from PyTorch, so the moving averages are those of the last batch, which
here is the rest of two pictures.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def fabrics(n):
    """Weaves of four kinds photographed under lamps of different strength."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:24, :24]
    x = np.empty((n, 24, 24, 1), "float32")
    for k in range(n):
        p, q = rng.uniform(0, 6.28, 2)
        a = np.sin(0.9 * i + p)
        b = np.sin(0.9 * j + q)
        weave = [a, b, a * b, (a + b) / 2][y[k]]
        lamp = np.exp(rng.uniform(-2.5, 0.3))
        x[k, ..., 0] = lamp * (1 + rng.uniform(0.15, 0.6) * weave) + rng.normal(0, 0.06, (24, 24))
    return np.clip(x, 0, 2), y


x_train, y_train = fabrics(1026)
x_val, y_val = fabrics(500)


def conv_bn(x, filters, strides=1):
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.1, epsilon=1e-5)(x)
    return layers.Activation("relu")(x)


inputs = keras.Input((24, 24, 1))
x = conv_bn(inputs, 16)
x = conv_bn(x, 16, 2)
x = conv_bn(x, 32, 2)
x = conv_bn(x, 32)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.AdamW(3e-3, weight_decay=1e-4),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val), verbose=2
)
