"""CODE: validation_prepared_otherwise

Training takes 24 px crops out of 48 px scenes at full size; validation shrinks the whole scene to
24 px. Textures are twice as fine (and smoother) in validation, and the classes are how fine they
are.
"""

import sys

import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)

PERIODS = np.array([16.0, 10.5, 7.0, 4.7])


def scenes(n, seed):
    """Grey fabric, 48 px: the weave's period in pixels is the class."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    period = (PERIODS[label] * rng.uniform(0.94, 1.06, n))[:, None, None]
    turn = (rng.integers(0, 2, n) * np.pi / 2 + rng.normal(0, 0.12, n))[:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    i, j = np.mgrid[:48, :48]
    wave = np.sin(2 * np.pi / period * (np.cos(turn) * i + np.sin(turn) * j) + phase)
    grey = 0.5 + 0.18 * wave + rng.normal(0, 0.12, (n, 48, 48))
    return np.clip(grey, 0, 1).astype("float32")[..., None], label.astype("int32")


def shrink(images):
    """Area interpolation from 48 to 24 px."""
    return images.reshape(-1, 24, 2, 24, 2, 1).mean(axis=(2, 4))


class RandomCrops(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=32, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(images))

    def __len__(self):
        return len(self.images) // self.batch_size

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        top, left = self.rng.integers(0, 25, 2)
        crop = self.images[chosen, top : top + 24, left : left + 24]
        return crop, self.labels[chosen]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.images))


train = RandomCrops(*scenes(1600, 100 * SEED + 1), seed=SEED)
val_images, val_labels = scenes(480, 100 * SEED + 2)
val_images = shrink(val_images)

model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Rescaling(2.0, offset=-1.0),
        layers.Conv2D(16, 5, padding="same", strides=2, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("relu"),
        layers.Conv2D(32, 3, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Nadam(1.5e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(train, epochs=8, validation_data=(val_images, val_labels), verbose=0)
for key, values in history.history.items():
    print(key, [round(float(v), 3) for v in values])
