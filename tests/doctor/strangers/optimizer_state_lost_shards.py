"""CODE: optimizer_state_lost

The data come in shards, and the model is compiled anew, with a new Adam, before each shard: its
moments start from nothing each time, the first steps of a round are long ones in all weights, and
the loss jumps from round to round.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def leaves(n):
    """Ellipses that are long and thin or round, upright or lying: four kinds, 16 px, noisy."""
    kind = rng.integers(0, 4, n)
    thin = np.where(kind % 2 == 0, 1.9, 1.15)[:, None, None]
    lying = (kind // 2 == 1)[:, None, None]
    row, column = rng.uniform(6.5, 8.5, (2, n, 1, 1))
    size = rng.uniform(3.6, 4.4, (n, 1, 1))
    i, j = np.mgrid[:16, :16]
    tall, wide = np.where(lying, thin, 1 / thin), np.where(lying, 1 / thin, thin)
    inside = ((i - row) * tall) ** 2 + ((j - column) * wide) ** 2 < size**2
    picture = 0.25 + 0.5 * inside + rng.normal(0, 0.3, (n, 16, 16))
    return picture.astype("float32")[..., None], kind


shards = [leaves(480) for _ in range(4)]
x_val, y_val = leaves(500)

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(12, 3, padding="same", activation="leaky_relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, padding="same", activation="leaky_relu"),
        layers.Flatten(),
        layers.Dense(48, activation="leaky_relu"),
        layers.Dense(4, activation="softmax"),
    ]
)

log = []
for round_ in range(10):
    x, y = shards[round_ % len(shards)]
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.006),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x, y, batch_size=32, epochs=1, validation_data=(x_val, y_val), verbose=0
    ).history
    log.append([history[name][0] for name in ("loss", "accuracy", "val_loss", "val_accuracy")])
    print(f"round {round_ + 1}:", " ".join(f"{value:.3f}" for value in log[-1]))
