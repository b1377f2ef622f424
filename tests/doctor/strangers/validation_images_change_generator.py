"""CODE: validation_images_change
Ultrasound-like patches from six hospitals. The generators run for ever, so I give steps.
val_accuracy goes up and down by 20 points and round again while the training curve is smooth.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(1000 + seed)
GRAIN = [0.35, 1.9, 0.7, 2.4, 0.45, 1.3]  # every hospital has its own machine


def patch(site, sick):
    yy, xx = np.mgrid[0:20, 0:20]
    img = rng.normal(0, GRAIN[site], (20, 20))
    cy, cx, r = rng.uniform(6, 14, 2).tolist() + [rng.uniform(3, 5)]
    d = np.hypot(yy - cy, xx - cx)
    if sick:
        img += 1.2 * np.exp(-(((d - r) / 1.1) ** 2))
    else:
        img += 0.9 * np.exp(-((d / (0.8 * r)) ** 2))
    return img


def collect(per_site):
    x, y = [], []
    for site in range(6):  # one folder per hospital
        for _ in range(per_site):
            lab = rng.integers(0, 2)
            x.append(patch(site, lab)), y.append(lab)
    return np.array(x, "float32")[..., None], np.array(y, "float32")


def endless(x, y, batch_size, shuffle):
    order = np.arange(len(x))
    while True:
        if shuffle:
            np.random.shuffle(order)
        for a in range(0, len(x) - batch_size + 1, batch_size):
            b = order[a : a + batch_size]
            yield x[b], y[b]


x_train, y_train = collect(340)
x_val, y_val = collect(160)
B = 32

model = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.Conv2D(12, 5, padding="same", activation="elu"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 3, padding="same", activation="elu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, padding="same", activation="elu"),
        layers.GlobalMaxPooling2D(),
        layers.Dropout(0.2),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Nadam(2e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
hist = model.fit(
    endless(x_train, y_train, B, True),
    steps_per_epoch=len(x_train) // B,
    epochs=13,
    validation_data=endless(x_val, y_val, B, False),
    validation_steps=5,
    verbose=0,
)
for k, v in hist.history.items():
    print(f"{k:12s}", " ".join(f"{a:.3f}" for a in v))
