"""CODE: validation_augmented

One PyDataset class with strong random changes serves both sides, so the validation pictures are
altered anew in each epoch as well.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

digits = load_digits()
images = np.pad(digits.images / 16.0, ((0, 0), (4, 4), (4, 4))).astype("float32")[..., None]
labels = digits.target
order = rng.permutation(len(images))
images, labels = images[order], labels[order]


class DigitSequence(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def _change(self, image):
        image = np.roll(image, rng.integers(-4, 5, 2), axis=(0, 1))
        r, c = rng.integers(2, 9, 2)
        image = image.copy()
        image[r : r + 6, c : c + 6] = 0
        image = image * rng.uniform(0.4, 1.2) + rng.normal(0, 0.15, image.shape)
        return image.astype("float32")

    def __getitem__(self, index):
        low = index * self.batch_size
        high = min(low + self.batch_size, len(self.x))
        batch = np.stack([self._change(image) for image in self.x[low:high]])
        return batch, self.y[low:high]


train_gen = DigitSequence(images[:1350], labels[:1350])
val_gen = DigitSequence(images[1350:], labels[1350:])

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(4e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(train_gen, validation_data=val_gen, epochs=12, verbose=2)
