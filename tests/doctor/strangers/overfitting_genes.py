"""CODE: overfitting

A panel of 80 genes, 320 patients, responders or not. Training accuracy goes to 100 %;
validation loss goes up and up to twice its best, accuracy gets no further than 0.7.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 23)
effect = np.zeros(80)
effect[:12] = np.random.default_rng(1).normal(0, 1, 12)


def cohort(n):
    genes = rng.normal(0, 1, (n, 80))
    score = genes @ effect / np.linalg.norm(effect) + rng.normal(0, 0.8, n)
    return genes.astype("float32"), (score > 0).astype("float32")


genes, response = cohort(320)
genes_val, response_val = cohort(500)

model = keras.Sequential(
    [
        keras.Input((80,)),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
history = model.fit(
    genes,
    response,
    batch_size=16,
    epochs=15,
    validation_data=(genes_val, response_val),
    validation_batch_size=100,
    verbose=0,
).history
for name in sorted(history):
    print(name.ljust(13), np.round(history[name], 3).tolist())
