"""CODE: none
12 % of the customers leave. With mild class weights the training loss and the val_loss differ, accuracy is below
"always stays", and I wonder whether the network learns anything at all.
"""

import sys
import numpy as np
import pandas as pd
import keras
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
n = 4000
df = pd.DataFrame(
    {
        "months": rng.gamma(2, 12, n),
        "calls": rng.poisson(1.5, n),
        "price": rng.normal(40, 12, n),
        "contract": rng.choice(["month", "year", "two"], n, p=[0.5, 0.3, 0.2]),
        "age": rng.normal(45, 14, n),
    }
)
z = (
    -0.03 * df.months
    + 0.45 * df.calls
    + 0.035 * (df.price - 40)
    + df.contract.map({"month": 0.6, "year": -0.3, "two": -1.2})
)
df["left"] = (rng.random(n) < 1 / (1 + np.exp(-(1.3 * z - 2.45)))).astype(int)

tr, va = train_test_split(df, test_size=0.3, stratify=df["left"], random_state=seed)
num = ["months", "calls", "price", "age"]
norm = keras.layers.Normalization()
norm.adapt(tr[num].to_numpy("float32"))
look = keras.layers.StringLookup(
    vocabulary=["month", "year", "two"], output_mode="one_hot", num_oov_indices=0
)


def feats(d):
    return np.concatenate(
        [
            np.asarray(norm(d[num].to_numpy("float32"))),
            np.asarray(look(d["contract"].to_numpy("str"))),
        ],
        1,
    )


share = tr["left"].mean()
weights = {0: 1.0, 1: float(np.sqrt((1 - share) / share))}
print("share", round(share, 3), "weights", weights)
net = keras.Sequential(
    [
        keras.Input((7,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
net.compile(
    keras.optimizers.Adam(2e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
hist = net.fit(
    feats(tr),
    tr["left"].to_numpy("float32"),
    validation_data=(feats(va), va["left"].to_numpy("float32")),
    epochs=12,
    batch_size=64,
    class_weight=weights,
    verbose=0,
)
print(pd.DataFrame(hist.history).round(3).to_string())
