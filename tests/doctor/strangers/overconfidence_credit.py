"""CODE: overconfidence
Loan table. val_accuracy goes up for a few epochs and stays there, but val_loss turns round early and
then climbs and climbs, above its very first value. Which of the two shall I believe?
"""

import sys
import numpy as np
import keras
from sklearn.preprocessing import StandardScaler

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n, d, n_train = 3000, 60, 800
X = rng.normal(size=(n, d)) @ (np.eye(d) + 0.1 * rng.normal(size=(d, d)))
a, b = rng.normal(size=(d, 3)), rng.normal(size=3)
s = X @ a @ b / 6 + np.tanh(X @ a / 4) @ b + 1.4 * rng.normal(size=n)
y = (s > np.median(s)).astype(int)
X = StandardScaler().fit(X[:n_train]).transform(X).astype("float32")

model = keras.models.Sequential()
model.add(keras.layers.Input(shape=(d,)))
model.add(keras.layers.Dense(128, activation="relu"))
model.add(keras.layers.Dense(128, activation="relu"))
model.add(keras.layers.Dense(2, activation="softmax"))
model.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(
    X[:n_train],
    y[:n_train],
    epochs=15,
    batch_size=20,
    validation_data=(X[n_train:], y[n_train:]),
    verbose=2,
)
for k, v in h.history.items():
    print(k, [round(float(q), 3) for q in v])
