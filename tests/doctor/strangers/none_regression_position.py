"""CODE: none

A regression: where in the image is the faint spot? The loss is in square pixels, starts far
above one and there is no accuracy, but training and validation fall together and come to rest.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 2)
SIZE = 18


def sky(n):
    place = rng.uniform(3, 14, (n, 2))
    i, j = np.mgrid[:SIZE, :SIZE]
    square = (i - place[:, 0, None, None]) ** 2 + (j - place[:, 1, None, None]) ** 2
    star = rng.uniform(1.2, 2.0, (n, 1, 1)) * np.exp(-square / (2 * 1.8**2))
    image = star + rng.normal(0, 0.45, (n, SIZE, SIZE))
    return image[..., None].astype("float32"), place.astype("float32")


x, position = sky(2560)
x_check, position_check = sky(700)

model = keras.Sequential(
    [
        keras.Input((SIZE, SIZE, 1)),
        layers.Conv2D(8, 5, strides=2, padding="same", activation="elu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="elu"),
        layers.Flatten(),
        layers.Dense(32, activation="elu"),
        layers.Dense(2, bias_initializer=keras.initializers.Constant(8.5)),
    ]
)
cosine = keras.optimizers.schedules.CosineDecay(2e-3, decay_steps=9 * 80, alpha=0.01)
model.compile(optimizer=keras.optimizers.Adam(cosine), loss="mse", metrics=["mae"])
history = model.fit(
    x, position, batch_size=32, epochs=9, validation_data=(x_check, position_check), verbose=0
)
for name, values in history.history.items():
    print(f"{name:10}", " ".join(f"{v:.3f}" for v in values))
