"""CODE: label_order

Activities from a phone's sensor features, one CSV for each group of people. Training is at 95 %, validation at
or below chance, and its loss climbs with each epoch although the model is small.
"""

import sys
import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
NAMES = ["walking", "upstairs", "downstairs", "sitting", "standing", "laying"]
CENTRES = np.random.default_rng(12).normal(0, 0.75, (6, 24))


def csv_rows(people):
    rows = []
    for person in range(people):
        habit = rng.normal(0, 0.25, 24)
        for _ in range(60):
            k = rng.integers(0, 6)
            rows.append((CENTRES[k] + habit + rng.normal(0, 1, 24), NAMES[k]))
    return rows


def read(rows):
    features = np.array([r[0] for r in rows], "float32")
    index = {}
    labels = []
    for _, name in rows:  # like pandas.factorize
        if name not in index:
            index[name] = len(index)
        labels.append(index[name])
    return features, np.array(labels)


x_train, y_train = read(csv_rows(25))
x_val, y_val = read(csv_rows(12))
mu, sd = x_train.mean(0), x_train.std(0)
x_train, x_val = (x_train - mu) / sd, (x_val - mu) / sd

model = keras.Sequential(
    [
        keras.layers.Dense(48, activation="gelu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(32, activation="gelu"),
        keras.layers.Dense(6, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Nadam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["sparse_categorical_accuracy"],
)
out = model.fit(
    x_train, y_train, validation_data=(x_val, y_val), batch_size=24, epochs=12, verbose=0
)
for k, v in out.history.items():
    print(f"{k:32s}", np.array(v).round(3))
