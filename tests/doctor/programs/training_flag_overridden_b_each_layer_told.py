"""CODE: training_flag_overridden

Layer by layer `BatchNormalization(...)(x, training=False)`, so that the statistics loaded from
the pre-trained twin stay. All weights are trained on purpose, the averages are believed fixed;
under `fit` Keras 3 runs those layers in training mode with batches of ten and moves the averages.
The pictures are brighter now: validation is at chance after the first epoch, with ten times the
training loss, and comes right later, as the averages have become those of the new pictures.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def windows(n, classes, light=0.0):
    """One, two, three or four panes in a wall, in colour."""
    y = rng.integers(0, classes, n)
    x = np.empty((n, 22, 22, 3), "float32")
    for k in range(n):
        x[k] = rng.uniform(0, 0.6, 3)
        a, b = rng.integers(1, 6, 2)
        x[k, a : a + 15, b : b + 15] = rng.uniform(0.8, 1.4, 3)
        if y[k] % 2:
            x[k, a + 6 : a + 9, b : b + 15] = 0
        if y[k] // 2:
            x[k, a : a + 15, b + 6 : b + 9] = 0
    return x + light + rng.normal(0, 0.6, x.shape).astype("float32"), y


def network(classes, fixed):
    how = {"training": False} if fixed else {}
    inputs = keras.Input((22, 22, 3))
    x = inputs
    for k, width in enumerate((16, 24, 32)):
        x = layers.Conv2D(width, 3, strides=2, use_bias=False, name=f"conv{k}")(x)
        x = layers.BatchNormalization(name=f"bn{k}")(x, **how)
        x = layers.Activation("elu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


twin = network(4, fixed=False)
twin.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
twin.fit(*windows(2000, 4), epochs=8, batch_size=32, verbose=0)

model = network(3, fixed=True)
for layer in model.layers:
    if layer.name.startswith(("conv", "bn")):
        layer.set_weights(twin.get_layer(layer.name).get_weights())
before = np.array(model.get_layer("bn2").moving_mean)
sgd = keras.optimizers.SGD(0.002, momentum=0.9)
model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
(x, y), val = windows(800, 3, light=1.5), windows(500, 3, light=1.5)
history = model.fit(x, y, batch_size=10, epochs=8, validation_data=val, verbose=0)
moved = np.abs(np.array(model.get_layer("bn2").moving_mean) - before).max()
print(f"the last BatchNorm's moving mean has moved by up to {moved:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
