"""CODE: training_flag_overridden

Bird calls as spectrograms. Base trained on site A; now site B, where the microphone is duller. I
call base(x, training=False) since I don't want the BN statistics to change, and train everything
with a rate of 1e-3. Train 0.99, val is a mess for many epochs.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(41 + SEED)


def calls(n, seed, kinds, site):
    r = np.random.default_rng(seed)
    y = r.integers(0, kinds, n)
    f, t = np.mgrid[-1:1:32j, -1:1:24j]
    slope = np.linspace(-1.2, 1.2, kinds)[y][:, None, None]
    ridge = f - slope * (t - r.uniform(-0.3, 0.3, (n, 1, 1))) - r.uniform(-0.3, 0.3, (n, 1, 1))
    x = 2 * np.exp(-(ridge**2) / 0.015) + r.gamma(1.0, 0.7, (n, 32, 24))
    if site == "B":
        x = 0.35 * x + 0.8 * (f < -0.2)
    return np.log1p(x)[..., None].astype("float32"), y


class Clips(keras.utils.PyDataset):
    def __init__(self, x, y, size, shuffle):
        super().__init__(workers=1)
        self.x, self.y, self.size, self.shuffle = x, y, size, shuffle
        self.order = np.arange(len(y))

    def __len__(self):
        return int(np.ceil(len(self.y) / self.size))

    def __getitem__(self, k):
        rows = self.order[k * self.size : (k + 1) * self.size]
        return self.x[rows], keras.utils.to_categorical(self.y[rows], 3)

    def on_epoch_end(self):
        if self.shuffle:
            self.order = np.random.permutation(len(self.y))


def conv(h, c, depthwise):
    if depthwise:
        h = layers.SeparableConv2D(c, 3, strides=2, padding="same", use_bias=False)(h)
    else:
        h = layers.Conv2D(c, 3, strides=2, padding="same", use_bias=False)(h)
    return layers.Activation("relu")(layers.BatchNormalization()(h))


i = keras.Input((32, 24, 1))
base = keras.Model(
    i,
    layers.GlobalAveragePooling2D()(conv(conv(conv(i, 16, False), 32, True), 48, True)),
    name="site_a",
)
site_a = keras.Sequential([base, layers.Dense(6, activation="softmax")])
site_a.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
site_a.fit(*calls(3000, 1, 6, "A"), batch_size=32, epochs=8, verbose=0)

train = Clips(*calls(320, 2, 3, "B"), 32, True)
val = Clips(*calls(300, 3, 3, "B"), 50, False)
inp = keras.Input((32, 24, 1))
model = keras.Model(inp, layers.Dense(3, activation="softmax")(base(inp, training=False)))
model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, epochs=10, validation_data=val, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
