"""CODE: metric_threshold

Labels are integers in one column, the loss is the sparse one, but the metric is
'categorical_accuracy', meant for one-hot rows: its argmax of one column is always 0, so it
reports how often class 0 is predicted, about a fifth, while the loss falls nicely.
"""

import os
import sys
import tempfile
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 10)
emblems = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:5].reshape(5, 4, 4)
emblems = emblems.repeat(3, axis=1).repeat(3, axis=2)  # (5, 12, 12)


def flags(n):
    nation = rng.integers(0, 5, (n, 1))
    cloth = 0.5 * emblems[nation[:, 0]][..., None] * [1.0, 0.5, -0.5] + rng.normal(
        size=(n, 12, 12, 3)
    )
    return cloth.astype("float32"), nation.astype("uint8")


(x_train, y_train), (x_test, y_test) = flags(2000), flags(600)

model = keras.Sequential(
    [
        keras.Input((12, 12, 3)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(5, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["categorical_accuracy"],
)
with tempfile.TemporaryDirectory() as temporary:
    keep = keras.callbacks.ModelCheckpoint(
        os.path.join(temporary, "best.weights.h5"),
        monitor="val_categorical_accuracy",
        mode="max",
        save_best_only=True,
        save_weights_only=True,
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=40,
        epochs=8,
        validation_data=(x_test, y_test),
        callbacks=[keep],
        verbose=0,
    )
for name, values in history.history.items():
    print(f"{name:24}", " ".join(f"{v:.3f}" for v in values))
found = model.predict(x_test, verbose=0).argmax(axis=1)
print(f"own count: {(found == y_test[:, 0]).mean():.3f} of the test flags are right")
