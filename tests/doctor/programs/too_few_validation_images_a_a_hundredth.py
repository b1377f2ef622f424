"""CODE: too_few_validation_images

validation_split=0.01 of 2000 shuffled pictures: twenty of them. One picture is five points of
accuracy; the validation loss and accuracy stand anywhere and jump, though training is steady and
the same network is steady on 1000 others (printed for the last epoch).
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def roads(n):
    """A road that bends left or right or runs straight, seen through snow."""
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:20, :20].astype(float)
    x = np.empty((n, 20, 20, 1), "float32")
    for k in range(n):
        bend = (y[k] - 1) * rng.uniform(0.008, 0.03) + rng.normal(0, 0.004)
        middle = rng.uniform(6, 14) + bend * (i - 10) ** 2 + rng.normal(0, 0.15) * (i - 10)
        x[k, ..., 0] = np.abs(j - middle) < 1.5
    snow = rng.random(x.shape) < rng.uniform(0, 0.3, (n, 1, 1, 1))
    return np.where(snow, 1, x) - 0.5 + rng.normal(0, 0.2, x.shape).astype("float32"), y


x, y = roads(2000)
inputs = keras.Input((20, 20, 1))
h = layers.Conv2D(12, 5, activation="relu")(inputs)
h = layers.MaxPooling2D()(h)
h = layers.Conv2D(24, 3, activation="relu")(h)
h = layers.MaxPooling2D()(h)
h = layers.Flatten()(h)
h = layers.Dropout(0.3)(h)
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(h))
model.compile(
    keras.optimizers.SGD(0.02, momentum=0.9),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x, y, epochs=12, validation_split=0.01, verbose=0)
loss, accuracy = model.evaluate(*roads(1000), verbose=0)
print(f"1000 other pictures: loss {loss:.3f}, accuracy {accuracy:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
