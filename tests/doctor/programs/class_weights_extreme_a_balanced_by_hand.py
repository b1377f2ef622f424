"""CODE: class_weights_extreme

One picture in eighty is of the rare class, and `class_weight` makes up for it: 1 and 80. In most
batches there is no rare picture, and where there is one it outweighs all others together. The
training loss moves from epoch to epoch, validation loss and accuracy jump with what came last.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def screws(n):
    """Heads of screws with a slot; one in eighty has a cross slot that is worn."""
    y = (rng.random(n) < 1 / 80).astype(int)
    i, j = np.mgrid[:18, :18] - 8.5
    x = np.empty((n, 18, 18, 1), "float32")
    for k in range(n):
        turn = rng.uniform(0, np.pi)
        u, v = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
        head = (np.hypot(i, j) < 8).astype(float)
        head -= 0.7 * (np.abs(u) < 1) * (np.abs(v) < 6)
        if y[k]:
            head -= rng.uniform(0.1, 0.5) * (np.abs(v) < 1) * (np.abs(u) < 6)
        x[k, ..., 0] = head
    return x + rng.normal(0, 0.35, x.shape).astype("float32"), y


x_train, y_train = screws(2400)
x_val, y_val = screws(800)
model = keras.Sequential(
    [
        keras.Input((18, 18, 1)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train,
    y_train,
    batch_size=16,
    epochs=12,
    class_weight={0: 1.0, 1: 80.0},
    validation_data=(x_val, y_val),
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
