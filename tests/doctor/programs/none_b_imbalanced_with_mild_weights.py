"""CODE: none

Healthy: one in eight is of the rare class; mild class weights (1 and 3), AUC beside accuracy, and
early stopping that gives back the best weights. Training loss lies above validation loss because
class weights count there only.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def payments(n):
    """Tabular: 16 columns; fraud is small, late and far away, roughly."""
    y = (rng.random(n) < 0.125).astype("float32")
    x = rng.normal(0, 1, (n, 16))
    x[:, :4] += 1.1 * y[:, None] * np.array([-1, 1, 1, 0.5])
    x[:, 4] = np.abs(x[:, 4]) * (1 + y)
    return x.astype("float32"), y


x, y = payments(4000)
model = keras.Sequential(
    [
        keras.Input((16,)),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()]
)
stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
history = model.fit(
    x,
    y,
    batch_size=64,
    epochs=25,
    class_weight={0: 1.0, 1: 3.0},
    validation_data=payments(1500),
    callbacks=[stop],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
