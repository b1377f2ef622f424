"""CODE: label_order

Training labels number the folders in the order of their sizes (1, 2, ... 12), the validation set
numbers them alphabetically (1, 10, 11, 12, 2, ...).
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import pathlib
import tempfile
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

ROOT = pathlib.Path(tempfile.mkdtemp())
SIZE = 24


def draw(count):
    picture = rng.normal(60, 18, (SIZE, SIZE, 1))
    cells = rng.permutation(16)[:count]
    for c in cells:
        top, left = 6 * (c // 4) + rng.integers(0, 2), 6 * (c % 4) + rng.integers(0, 2)
        picture[top : top + 4, left : left + 4] += 120
    return np.clip(picture, 0, 255)


for part, each in (("train", 130), ("val", 40)):
    for count in range(1, 13):
        folder = ROOT / part / str(count)
        folder.mkdir(parents=True)
        for k in range(each):
            keras.utils.save_img(folder / f"{k:03d}.png", draw(count), scale=False)


class Folder(keras.utils.PyDataset):
    def __init__(self, root, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        names = sorted((p.name for p in root.iterdir()), key=int)
        self.items = [
            (f, i) for i, name in enumerate(names) for f in sorted((root / name).iterdir())
        ]
        self.batch_size = batch_size
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.items) / self.batch_size))

    def __getitem__(self, k):
        chosen = self.items[k * self.batch_size : (k + 1) * self.batch_size]
        x = np.stack(
            [
                keras.utils.img_to_array(keras.utils.load_img(f, color_mode="grayscale"))
                for f, _ in chosen
            ]
        )
        return x, np.array([label for _, label in chosen])

    def on_epoch_end(self):
        rng.shuffle(self.items)


train = Folder(ROOT / "train")
val = keras.utils.image_dataset_from_directory(
    ROOT / "val", image_size=(SIZE, SIZE), color_mode="grayscale", batch_size=32, shuffle=False
)

model = keras.Sequential(
    [
        keras.Input((SIZE, SIZE, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(3),
        layers.Conv2D(32, 1, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(64, activation="relu"),
        layers.Dense(12, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=12, validation_data=val, verbose=2)
