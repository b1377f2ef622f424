"""CODE: float16_overflow

Mixed float16 with a Normalization layer inside the network: incomes above 65504 become infinite
before they are normalised, and so does their variance. The loss is nan from the first epoch and no
step is ever taken; in float32 the same program trains well.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
keras.mixed_precision.set_global_policy("mixed_float16")


def customers(n, rng):
    income = np.exp(rng.normal(10.7, 0.5, n))  # a year, the median about 44000
    loan = np.exp(rng.normal(10.2, 0.8, n))
    age = rng.uniform(20, 70, n)
    others = rng.normal(0, 1, (n, 6))
    score = 1.8 * np.log(loan / income) + 0.03 * (45 - age) + others[:, 0] * others[:, 1]
    score = score + 0.8 * others[:, 2] + 0.9
    default = rng.random(n) < 1 / (1 + np.exp(-1.6 * score))
    table = np.column_stack([income, loan, age, others])
    return table.astype("float32"), default.astype("float32")


rng = np.random.default_rng(seed)
x_train, y_train = customers(3000, rng)
x_valid, y_valid = customers(1000, rng)

normalise = layers.Normalization()
normalise.adapt(x_train)

table = keras.Input((9,), name="table")
h = normalise(table)
h = layers.Dense(32, activation="relu")(h)
h = layers.Dropout(0.1)(h)
h = layers.Dense(16, activation="relu")(h)
risk = layers.Dense(1, activation="sigmoid", dtype="float32", name="risk")(h)
model = keras.Model(table, risk)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    x_train, y_train, batch_size=64, epochs=8, validation_data=(x_valid, y_valid), verbose=2
)
print("val_loss", history.history["val_loss"])
