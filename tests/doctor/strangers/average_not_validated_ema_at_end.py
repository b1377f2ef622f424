"""CODE: average_not_validated

With use_ema=True everything looks fine during fit, val_accuracy is above 0.9 from the third
epoch on. But model.evaluate right after fit, on the very same validation data, tells
a quite different story. No dropout, no BatchNorm in the model.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def rings(n):
    """Does the picture show one blob, two blobs or a ring?"""
    c = rng.integers(0, 3, n)
    yy, xx = np.mgrid[:24, :24]
    x = rng.normal(0, 0.25, (n, 24, 24, 1))
    for i in range(n):
        for _ in range((1, 2, 1)[c[i]]):
            u, v = rng.uniform(7, 17, 2)
            d = np.hypot(yy - u, xx - v)
            s = rng.uniform(2.0, 3.0)
            x[i, ..., 0] += (
                np.exp(-0.5 * (d / s) ** 2) if c[i] < 2 else np.exp(-0.5 * ((d - 5) / 1.3) ** 2)
            )
    return x.astype("float32"), c


x_train, y_train = rings(2000)
x_val, y_val = rings(700)

model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Conv2D(16, 3, padding="same", activation="gelu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, padding="same", activation="gelu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="gelu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3, activation="softmax"),
    ]
)
optimizer = keras.optimizers.AdamW(2e-3, weight_decay=1e-4, use_ema=True, ema_momentum=0.999)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=64, epochs=9, validation_data=(x_val, y_val), verbose=2
)
for k, v in history.history.items():
    print(k, np.round(v, 4))
print("evaluate after fit:", np.round(model.evaluate(x_val, y_val, verbose=0), 4))
