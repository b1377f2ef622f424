"""CODE: leak

`validation_data` is a slice of the very arrays that train: nobody took the rows out. Validation
follows training up to nearly 1 and shows none of the overfitting; 1000 new pictures, printed at
the end, give a far lower accuracy and a loss many times as high.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def masks(n):
    """Faces with narrow or wide eyes, hard to tell, in colour."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:16, :16] - 7.5
    x = np.empty((n, 16, 16, 3), "float32")
    for k in range(n):
        a, wide = rng.uniform(-3, 1), 2.4 + 1.0 * y[k] + rng.normal(0, 0.6)
        eyes = np.hypot(i - a, np.abs(j) - wide) < 1.3
        face = np.hypot(i, j) < rng.uniform(6.5, 8)
        x[k] = np.where((face & ~eyes)[..., None], rng.uniform(0.4, 1, 3), rng.uniform(0, 0.5, 3))
    return x - 0.5 + rng.normal(0, 0.2, x.shape).astype("float32"), y


x, y = masks(1200)
part = rng.choice(1200, 400, replace=False)
x_val, y_val = x[part], y[part]


def residual(x, width):
    y = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(width, 3, padding="same")(y)
    return layers.ReLU()(layers.add([x, y]))


inputs = keras.Input((16, 16, 3))
h = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(inputs)
h = residual(h, 24)
h = layers.MaxPooling2D()(residual(h, 24))
h = layers.Dense(64, activation="relu")(layers.Flatten()(h))
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(h))
model.compile(keras.optimizers.Nadam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=48, epochs=16, validation_data=(x_val, y_val), verbose=0)
loss, accuracy = model.evaluate(*masks(1000), verbose=0)
print(f"1000 new pictures: loss {loss:.3f}, accuracy {accuracy:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
