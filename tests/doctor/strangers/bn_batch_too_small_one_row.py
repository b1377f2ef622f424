"""CODE: bn_batch_too_small

Rows come one by one from a generator (batches of one), and the dense network has BatchNorm: in
training a single row minus its own mean is zero, so nothing of the input gets through and the
loss stays at chance. Validation, with averages whose variance is zero, is wild.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 1)
mixing = rng.normal(size=(3, 14))


def measurements(n):
    group = rng.integers(0, 3, n)
    values = 0.9 * mixing[group] + rng.normal(size=(n, 14))
    return values.astype("float32"), group.astype("int32")


rows, groups = measurements(300)
rows_val, groups_val = measurements(500)


def one_by_one():
    order_rng = np.random.default_rng(seed + 2)
    while True:
        for k in order_rng.permutation(len(rows)):
            yield rows[k : k + 1], groups[k : k + 1]


model = keras.Sequential(
    [
        keras.Input((14,)),
        layers.Dense(32, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(16, use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    one_by_one(),
    steps_per_epoch=300,
    epochs=6,
    validation_data=(rows_val, groups_val),
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
