"""CODE: none

About one customer in six is positive and the positives get a moderate class weight, so the
training loss (weighted) lies above the validation loss (not weighted). That is as it should be;
AUC and loss of validation are steady.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 31)

w = rng.normal(size=12)
w /= np.linalg.norm(w)


def customers(n):
    f = rng.normal(size=(n, 12))
    score = 1.8 * (f @ w) + 0.8 * f[:, 0] * f[:, 1] - 2.4
    bought = rng.random(n) < 1 / (1 + np.exp(-score))
    return (10 + 3 * f).astype("float32"), bought.astype("float32")


table, bought = customers(5000)
table_val, bought_val = customers(2000)

scale = keras.layers.Normalization()
scale.adapt(table)
model = keras.Sequential(
    [
        keras.Input((12,)),
        scale,
        keras.layers.Dense(24, activation="gelu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(12, activation="gelu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
steps = 10 * (5000 // 64 + 1)
model.compile(
    optimizer=keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-3
    ),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
history = model.fit(
    table,
    bought,
    batch_size=64,
    epochs=10,
    class_weight={0: 0.8, 1: 2.0},
    validation_data=(table_val, bought_val),
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
