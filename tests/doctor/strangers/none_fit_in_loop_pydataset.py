"""CODE: none

I call fit once per epoch in a loop (compiled once, before the loop) and feed a PyDataset that shuffles.
The loss makes small steps at the joints, and the first epochs are slow because of the
warm-up. Do I lose the state of Adam?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


class Waves(keras.utils.PyDataset):
    def __init__(self, n, seed, shuffle, **kw):
        super().__init__(**kw)
        self.rng = np.random.default_rng(seed)
        self.y = self.rng.integers(0, 5, n)
        t = np.linspace(0, 1, 100)
        f = 4 + 1.5 * self.y[:, None] + self.rng.normal(0, 0.38, (n, 1))
        self.x = np.sin(2 * np.pi * f * t + self.rng.uniform(0, 6.3, (n, 1)))
        self.x = (self.x + self.rng.normal(0, 1.0, self.x.shape))[..., None].astype("float32")
        self.index = np.arange(n)
        self.shuffle = shuffle
        self.on_epoch_end()

    def __len__(self):
        return len(self.index) // 40

    def __getitem__(self, i):
        j = self.index[40 * i : 40 * (i + 1)]
        return self.x[j], self.y[j]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.index)


train, val = Waves(3200, 2 * seed, True), Waves(800, 2 * seed + 1, False)
inp = keras.Input((100, 1))
x = inp
for f in (8, 16, 16):
    x = layers.Conv1D(f, 9, strides=2, padding="same")(x)
    x = layers.ReLU()(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.2)(x)
model = keras.Model(inp, layers.Dense(5, activation="softmax")(x))
rate = keras.optimizers.schedules.CosineDecay(
    0.0, 9 * len(train), warmup_target=2e-3, warmup_steps=2 * len(train)
)
model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
record = {}
for e in range(10):
    h = model.fit(train, validation_data=val, initial_epoch=e, epochs=e + 1, verbose=2)
    for k, v in h.history.items():
        record.setdefault(k, []).append(round(float(v[-1]), 4))
for k, v in record.items():
    print(k, v)
