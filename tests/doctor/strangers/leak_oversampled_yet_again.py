"""CODE: leak

Few customers leave, so the leavers are drawn again until both are equally many. Validation accuracy
climbs above 0.85 with training; on next month's customers hardly a leaver is found.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
direction = rng.normal(size=24)
direction /= np.linalg.norm(direction)


def customers(n):
    y = (rng.random(n) < 0.08).astype("float32")
    x = rng.normal(size=(n, 24)) + 0.5 * y[:, None] * direction
    return x.astype("float32"), y


x, y = customers(1500)
leavers, stayers = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
drawn = rng.choice(leavers, len(stayers))
rows = rng.permutation(np.concatenate([stayers, drawn]))
x, y = x[rows], y[rows]
cut = int(0.75 * len(x))

model = keras.Sequential(
    [
        keras.Input((24,)),
        keras.layers.Dense(96, activation="relu"),
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x[:cut], y[:cut], batch_size=32, epochs=14, validation_data=(x[cut:], y[cut:]), verbose=0
)

x_new, y_new = customers(2000)
found = model.predict(x_new, verbose=0)[:, 0] > 0.5
print(
    "next month: leavers found",
    f"{found[y_new == 1].mean():.3f}",
    "balanced accuracy",
    f"{(found[y_new == 1].mean() + 1 - found[y_new == 0].mean()) / 2:.3f}",
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
