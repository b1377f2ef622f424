"""CODE: none

Training images are flipped, partly cut out and made noisier on purpose, validation images are
clean, so training looks worse than validation in every epoch. No BatchNorm, a falling rate.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 24)
Y, X = np.mgrid[:24, :24]


def sign(kind):
    r, cy, cx = rng.uniform(5, 8), rng.uniform(9, 14), rng.uniform(9, 14)
    dy, dx = Y - cy, X - cx
    distance = np.hypot(dy, dx)
    if kind == 0:
        mask = distance < r
    elif kind == 1:
        mask = (distance < r) & (distance > r - 2.2)
    elif kind == 2:
        mask = (np.minimum(abs(dy), abs(dx)) < 1.3) & (np.maximum(abs(dy), abs(dx)) < r)
    else:
        mask = (np.minimum(abs(dy - dx), abs(dy + dx)) < 1.8) & (distance < r)
    return mask * rng.uniform(0.8, 1.2)


def signs(n):
    kinds = rng.integers(0, 4, n)
    images = np.stack([sign(k) for k in kinds]) + rng.normal(0, 0.35, (n, 24, 24))
    return images[..., None].astype("float32"), kinds.astype("int32")


class Augmented(keras.utils.PyDataset):
    def __init__(self, images, labels, size, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels, self.size = images, labels, size
        self.random = np.random.default_rng(seed + 25)
        self.order = self.random.permutation(len(images))

    def __len__(self):
        return len(self.images) // self.size

    def __getitem__(self, index):
        chosen = self.order[index * self.size : (index + 1) * self.size]
        batch = self.images[chosen].copy()
        for one in batch:
            if self.random.random() < 0.5:
                one[:] = one[:, ::-1].copy()
            if self.random.random() < 0.5:
                one[:] = one[::-1].copy()
            top, left = self.random.integers(0, 17, 2)
            one[top : top + 7, left : left + 7] = 0
        batch += self.random.normal(0, 0.3, batch.shape).astype("float32")
        return batch, self.labels[chosen]

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.images))


training = Augmented(*signs(2100), size=30)
validation = signs(700)

model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Conv2D(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
falling = keras.callbacks.LearningRateScheduler(lambda epoch, lr: 3e-3 * 0.7**epoch)
history = model.fit(training, epochs=10, validation_data=validation, callbacks=[falling], verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.4f}" for v in values))
