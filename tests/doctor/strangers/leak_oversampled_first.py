"""CODE: leak
Machine failures are rare, so I oversample them (as in every tutorial), then train_test_split.
Validation recall and accuracy are nearly perfect; on the next month of data hardly any failure is
found.
"""

import sys
import numpy as np
import keras
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
w = rng.normal(size=30) * (rng.random(30) < 0.3)


def month(n_ok, n_fail):
    ok = rng.normal(size=(n_ok, 30))
    fail = rng.normal(size=(n_fail, 30)) + 0.45 * w
    return np.r_[ok, fail].astype("float32"), np.r_[np.zeros(n_ok), np.ones(n_fail)].astype(
        "float32"
    )


X, y = month(1200, 70)
X_next, y_next = month(1200, 200)

fails = X[y == 1]
extra = resample(fails, replace=True, n_samples=1200 - len(fails), random_state=seed)
X = np.concatenate([X, extra])
y = np.concatenate([y, np.ones(len(extra), "float32")])
X_train, X_val, y_train, y_val = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=seed
)

model = keras.Sequential(
    [
        keras.Input((30,)),
        keras.layers.Dense(64, activation="gelu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(32, activation="gelu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(2e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.Recall(name="recall")],
)
hist = model.fit(
    X_train, y_train, validation_data=(X_val, y_val), epochs=12, batch_size=64, verbose=0
)
for k, v in hist.history.items():
    print(k, [round(float(a), 3) for a in v])
print(
    "next month:",
    {
        k: round(v, 3)
        for k, v in model.evaluate(X_next, y_next, verbose=0, return_dict=True).items()
    },
)
