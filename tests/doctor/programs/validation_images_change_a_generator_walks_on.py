"""CODE: validation_images_change

A generator walks through the validation files camera by camera and 13 batches of it are read per
epoch: it goes on where it stopped, so each epoch validates other cameras, easy ones and hard ones.
The training loss falls smoothly; the validation loss goes up and down by a factor of two or more.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def lines(n, noise):
    """A bright line, leaning left or right, in front of noise (the camera's)."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:16, :16] - 7.5
    x = rng.normal(0, 1, (n, 16, 16, 1)) * np.reshape(noise, (-1, 1, 1, 1))
    for k in range(n):
        angle = rng.uniform(0.25, 1.3) * (1 if y[k] else -1)
        distance = np.abs(np.cos(angle) * j + np.sin(angle) * i - rng.uniform(-2, 2))
        x[k, ..., 0] += distance < 1
    return x.astype("float32"), y.astype("float32")


def forever(x, y, batch=32, shuffle=False):
    while True:
        order = rng.permutation(len(x)) if shuffle else np.arange(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            part = order[start : start + batch]
            yield x[part], y[part]


x_train, y_train = lines(1600, rng.uniform(0.2, 1.2, 1600))
cameras = [0.3, 1.2, 0.5, 0.9, 0.2]  # 416 pictures of each
x_val, y_val = lines(5 * 416, np.repeat(cameras, 416))

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        keras.layers.Conv2D(16, 5, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    forever(x_train, y_train, shuffle=True),
    steps_per_epoch=50,
    epochs=12,
    validation_data=forever(x_val, y_val),
    validation_steps=13,
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
