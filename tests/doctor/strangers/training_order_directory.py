"""CODE: training_order

image_dataset_from_directory with shuffle=False, because I wanted predictions in file order later.
Training accuracy is fine (0.9), validation is one class only each time.
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(1 + SEED)
folder = pathlib.Path(tempfile.mkdtemp())


def write(part, n, seed):
    r = np.random.default_rng(seed)
    b, a = np.mgrid[:24, :24]
    for name, freq in (("coarse", 0.5), ("fine", 1.0), ("medium", 0.75)):
        (folder / part / name).mkdir(parents=True)
        for k in range(n):
            t = r.uniform(0, 3.14)
            wave = np.sin(freq * (a * np.cos(t) + b * np.sin(t)) + r.uniform(0, 6))
            x = 125 + 45 * wave + r.normal(0, 45, (24, 24))
            image = keras.utils.array_to_img(np.clip(x, 0, 255)[..., None], scale=False)
            image.save(folder / part / name / f"{k:04}.png")


write("train", 300, 1)
write("val", 120, 2)
options = {
    "image_size": (24, 24),
    "color_mode": "grayscale",
    "batch_size": 20,
    "shuffle": False,
    "verbose": False,
}
train = keras.utils.image_dataset_from_directory(folder / "train", **options)
val = keras.utils.image_dataset_from_directory(folder / "val", **options)

model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=10, verbose=2)
print(history.history)
