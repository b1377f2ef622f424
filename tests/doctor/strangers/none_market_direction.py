"""CODE: none

Up or down tomorrow, from today's indicators. After ten epochs the accuracy is 0.55 on both sides and the
losses have hardly left 0.69. Is it learning anything at all?
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
w = rng.normal(size=12)
w /= np.linalg.norm(w)


def days(n):
    x = rng.normal(size=(n, 12))
    p = 1 / (1 + np.exp(-0.35 * (x @ w)))
    return x.astype("float32"), (rng.random(n) < p).astype("float32")


x, y = days(8000)
model = keras.Sequential(
    [
        keras.Input((12,)),
        keras.layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=128, epochs=10, validation_data=days(4000), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
