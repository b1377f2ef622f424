"""CODE: step_too_long

Memory was short, so the batch became 4 while the rate stayed that of batch 256. Conv1D on little
accelerometer windows from an endless generator. Single batches throw the weights about.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rs = np.random.RandomState(SEED)


def windows(n):
    """3-axis windows of 40 samples: resting, walking, running, stairs."""
    t = np.arange(40) / 20.0
    y = rs.randint(0, 4, n)
    freq = np.array([0.1, 1.4, 2.6, 1.6])[y] * rs.uniform(0.85, 1.15, n)
    amp = np.array([0.1, 0.8, 1.6, 0.9])[y] * rs.uniform(0.8, 1.2, n)
    phase = rs.uniform(0, 6.28, n)
    base = amp[:, None] * np.sin(6.28 * freq[:, None] * t + phase[:, None])
    second = 0.5 * base**2 * np.where(y == 3, 1.5, 0.4)[:, None]
    third = np.cumsum(rs.randn(n, 40) * 0.1, axis=1)
    x = np.stack([base, second, third], -1) + rs.randn(n, 40, 3) * 0.6
    return x.astype("float32"), y


def endless(x, y, batch):
    while True:
        order = rs.permutation(len(x))
        for k in range(0, len(x) - batch + 1, batch):
            rows = order[k : k + batch]
            yield x[rows], y[rows]


x_train, y_train = windows(800)
x_val, y_val = windows(500)

model = keras.Sequential(
    [
        keras.layers.Input((40, 3)),
        keras.layers.Conv1D(16, 5, activation="relu"),
        keras.layers.MaxPooling1D(2),
        keras.layers.Conv1D(24, 5, activation="relu"),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    loss="sparse_categorical_crossentropy",
    optimizer=keras.optimizers.Adam(0.015),
    metrics=["accuracy"],
)
hist = model.fit(
    endless(x_train, y_train, 4),
    steps_per_epoch=200,
    epochs=10,
    validation_data=(x_val, y_val),
    verbose=0,
)
for name in hist.history:
    print("%-14s" % name, ["%.3f" % v for v in hist.history[name]])
