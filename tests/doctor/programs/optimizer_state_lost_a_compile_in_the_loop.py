"""CODE: optimizer_state_lost

A loop of its own around fit(epochs=1), to print the confusion matrix, and `compile` with a new
Adam stands inside the loop: in each epoch the moments begin at zero, and Adam's first steps are
of full length in every weight. optimizer.iterations never passes 30. The curves hardly
show it.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def pawprints(n):
    """Three, four or five toes above a ball."""
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:22, :22].astype(float)
    x = np.empty((n, 22, 22, 1), "float32")
    for k in range(n):
        a, b = rng.uniform(12, 15), rng.uniform(9, 13)
        paw = np.hypot(i - a, j - b) < 4
        for angle in np.linspace(-1.2, 1.2, y[k] + 3) + rng.normal(0, 0.06, y[k] + 3):
            paw |= np.hypot(i - a + 8 * np.cos(angle), j - b - 8 * np.sin(angle)) < 1.5
        x[k, ..., 0] = paw * rng.uniform(0.5, 1)
    return x + rng.normal(0, 0.2, x.shape).astype("float32"), y


x_train, y_train = pawprints(1200)
x_val, y_val = pawprints(500)
model = keras.Sequential(
    [
        keras.Input((22, 22, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ]
)
for epoch in range(12):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train, y_train, batch_size=40, epochs=1, validation_data=(x_val, y_val), verbose=0
    )
    guess = model.predict(x_val, verbose=0).argmax(1)
    confusion = np.histogram2d(y_val, guess, bins=(range(4), range(4)))[0].astype(int).tolist()
    line = " ".join(f"{name} {values[0]:.3f}" for name, values in history.history.items())
    print(epoch, line, confusion, "step", int(model.optimizer.iterations))
