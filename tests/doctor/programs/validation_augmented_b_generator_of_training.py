"""CODE: validation_augmented

A generator with random crop, mirror and contrast serves both sides; the validation pictures come
in file order, but each time another corner of each. The validation loss wavers from epoch to
epoch at steady weights and is not the loss of the pictures as they are.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def flags(n):
    """Two or three bands, upright or lying: four kinds of flags in any colours."""
    y = rng.integers(0, 4, n)
    x = np.empty((n, 24, 24, 3), "float32")
    for k in range(n):
        bands = 2 + y[k] // 2
        colours = rng.uniform(-1, 1, (bands, 3))
        flag = np.repeat(colours, 24 // bands, 0)[:, None].repeat(24, 1)
        x[k] = flag if y[k] % 2 else flag.transpose(1, 0, 2)
    return x + rng.normal(0, 0.2, x.shape).astype("float32"), y


def generator(x, y, batch_size, shuffle):
    while True:
        order = rng.permutation(len(x)) if shuffle else np.arange(len(x))
        for start in range(0, len(x), batch_size):
            part = order[start : start + batch_size]
            images = np.empty((len(part), 16, 16, 3), "float32")
            for k, image in enumerate(x[part]):
                a, b = rng.integers(0, 9, 2)
                crop = image[a : a + 16, b : b + 16]
                crop = crop[::-1] if rng.random() < 0.5 else crop
                images[k] = crop * rng.uniform(0.1, 1.2) + rng.uniform(-0.7, 0.7)
            yield images, y[part]


x_train, y_train = flags(1200)
x_val, y_val = flags(480)
model = keras.Sequential(
    [
        keras.Input((16, 16, 3)),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(4),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Nadam(2e-3), loss, metrics=["accuracy"])
val = generator(x_val, y_val, 48, shuffle=False)
history = model.fit(
    generator(x_train, y_train, 48, shuffle=True),
    steps_per_epoch=25,
    epochs=14,
    validation_data=val,
    validation_steps=10,
    verbose=0,
)
again = [model.evaluate(val, steps=10, verbose=0)[0] for _ in range(4)]
print("evaluated again:", " ".join(f"{v:.3f}" for v in again))
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
