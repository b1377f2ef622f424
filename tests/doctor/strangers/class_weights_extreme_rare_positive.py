"""CODE: class_weights_extreme

8 % positives, so class_weight={0: 1, 1: 200} "to be on the safe side". Now val_accuracy is lower
than that of always saying negative and val_loss climbs, while the training loss looks OK.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(15 + SEED)


def scans(n, seed, share=0.08):
    r = np.random.default_rng(seed)
    y = (r.random(n) < share).astype("float32")
    b, a = np.mgrid[-1:1:20j, -1:1:20j]
    cx, cy = r.uniform(-0.6, 0.6, (2, n, 1, 1))
    spot = np.exp(-((a - cx) ** 2 + (b - cy) ** 2) / 0.08)
    x = r.normal(0, 0.6, (n, 20, 20)) + r.uniform(0.5, 1.5, (n, 1, 1)) * y[:, None, None] * spot
    return x[..., None].astype("float32"), y[:, None]


x, y = scans(1500, 1)
val = scans(1000, 2)
model = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.Conv2D(16, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(1e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
h = model.fit(
    x, y, batch_size=32, epochs=14, class_weight={0: 1.0, 1: 200.0}, validation_data=val, verbose=2
)
print("negatives in validation", 1 - float(val[1].mean()))
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
