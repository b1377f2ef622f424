"""CODE: none

Numbers and categories for a target that is mostly chance; loss ends near 0.58 on both sides
because no more is in the data. Nothing is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 8000
age = rng.uniform(18, 80, n)
income = rng.lognormal(10.3, 0.5, n)
visits = rng.poisson(3, n)
region = rng.integers(0, 12, n)
device = rng.integers(0, 4, n)
region_effect, device_effect = rng.normal(0, 0.5, 12), np.array([0.5, 0.0, -0.3, -0.4])
logit = (
    -0.4
    + 0.25 * (visits - 3)
    + 0.6 * (np.log(income) - 10.3)
    - 0.0009 * (age - 45) ** 2
    + region_effect[region]
    + device_effect[device]
)
bought = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype("float32")

numbers = np.column_stack([age, np.log(income), visits]).astype("float32")
data = {
    "numbers": numbers,
    "region": region[:, None].astype("int32"),
    "device": device[:, None].astype("int32"),
}
order = rng.permutation(n)
tr, va = order[:6000], order[6000:]
x_train, x_val = {k: v[tr] for k, v in data.items()}, {k: v[va] for k, v in data.items()}

norm = layers.Normalization()
norm.adapt(x_train["numbers"])
inputs = {
    "numbers": keras.Input((3,), name="numbers"),
    "region": keras.Input((1,), dtype="int32", name="region"),
    "device": keras.Input((1,), dtype="int32", name="device"),
}
h = layers.Concatenate()(
    [
        norm(inputs["numbers"]),
        layers.Flatten()(layers.Embedding(12, 4)(inputs["region"])),
        layers.Flatten()(layers.Embedding(4, 2)(inputs["device"])),
    ]
)
h = layers.Dense(24, activation="relu")(h)
h = layers.Dropout(0.1)(h)
outputs = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
model.fit(
    x_train, bought[tr], batch_size=64, epochs=10, validation_data=(x_val, bought[va]), verbose=2
)
