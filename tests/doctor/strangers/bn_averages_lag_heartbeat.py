"""CODE: bn_averages_lag
Heartbeat strips, three rhythms. Training accuracy is good after four epochs, val_accuracy
lags far behind in every epoch and val_loss is far above the training loss. The block is
copied from an EfficientNet-ish repository, momentum included.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 10)

FS, N = 64, 192


def strip(kind):
    t = np.arange(N) / FS
    rate = rng.uniform(1.2, 2.2)
    beats, now = [], rng.uniform(0, 0.5)
    while now < t[-1]:
        beats.append(now)
        gap = 1 / rate
        if kind == 1:
            gap *= rng.uniform(0.55, 1.45)
        now += gap
    s = np.zeros(N)
    for k, b in enumerate(beats):
        wide = 0.03 if not (kind == 2 and k % 2) else 0.075
        s += rng.uniform(0.8, 1.2) * np.exp(-(((t - b) / wide) ** 2))
        s += 0.25 * np.exp(-(((t - b - 0.22) / 0.07) ** 2))
    s += 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * t + rng.uniform(0, 6)) + rng.normal(
        0, 0.12, N
    )
    return s


y = rng.integers(0, 3, 1350)
x = np.stack([strip(k) for k in y])[..., None].astype("float32")
x = (x - x[:1000].mean()) / x[:1000].std()
x_train, y_train, x_val, y_val = x[:1000], y[:1000], x[1000:], y[1000:]


def conv_bn(h, filters, stride):
    h = layers.Conv1D(filters, 7, strides=stride, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.997, epsilon=1e-3)(h)
    return layers.Activation("swish")(h)


inp = keras.Input((N, 1))
h = inp
for filters in (12, 16, 24, 32):
    h = conv_bn(h, filters, 2)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dropout(0.2)(h)
out = layers.Dense(3, activation="softmax")(h)
model = keras.Model(inp, out, name="ecgnet")
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=64, epochs=10, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(name, [round(float(v), 3) for v in values])
