"""CODE: validation_split_of_sorted_data

The pictures are read folder by folder, so the arrays are sorted by class, and
`validation_split=0.25` takes the end of them: only the last class, which training never sees.
Training accuracy reaches 0.9; validation accuracy is 0 in every epoch and the loss climbs.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def fruit(kind):
    """Apple, lemon, plum, lime: an ellipse in a colour of its own, roughly."""
    colours = ([0.8, 0.2, 0.2], [0.9, 0.8, 0.2], [0.5, 0.2, 0.5], [0.3, 0.7, 0.2])
    i, j = np.mgrid[:16, :16] - rng.uniform(6, 9, (2, 1, 1))
    mask = (i / rng.uniform(4, 6)) ** 2 + (j / (5 if kind % 2 == 0 else 7)) ** 2 < 1
    colour = np.array(colours[kind]) * rng.uniform(0.6, 1.1) + rng.normal(0, 0.12, 3)
    image = np.where(mask[..., None], colour, rng.uniform(0.2, 0.9, 3))
    return np.clip(image + rng.normal(0, 0.06, image.shape), 0, 1)


images, labels = [], []
for label, _folder in enumerate(["apples", "lemons", "plums", "limes"]):
    for _ in range(500):  # for name in os.listdir(_folder)
        images.append(fruit(label))
        labels.append(label)
images = np.array(images, "float32")
labels = keras.utils.to_categorical(labels, 4)

model = keras.Sequential(
    [
        keras.Input((16, 16, 3)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
history = model.fit(images, labels, batch_size=50, epochs=8, validation_split=0.25, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
