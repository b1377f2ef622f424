"""CODE: bn_averages_lag

A body trained before on daylight pictures is fine-tuned, all of it, on pictures of a night
camera, with BatchNorm momentum 0.999 (as in MobileNetV2). After 360 steps two thirds of the
averages are still those of daylight: training is fine, validation is not.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 60)
prints = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:8].reshape(8, 4, 4)
prints = prints.repeat(4, axis=1).repeat(4, axis=2)


def camera(n, kinds, light):
    chosen = rng.integers(0, len(kinds), n)
    scene = 1.5 + 0.45 * prints[np.asarray(kinds)[chosen]] + rng.normal(0, 1, (n, 16, 16))
    return (light * scene)[..., None].astype("float32"), chosen


def body(momentum):
    stack = [keras.Input((16, 16, 1))]
    for width, stride in ((12, 1), (16, 2), (24, 2)):
        stack += [
            keras.layers.Conv2D(width, 3, stride, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=momentum),
            keras.layers.ReLU(),
        ]
    return keras.Sequential([*stack, keras.layers.Flatten()])


day = body(0.9)
pretrained = keras.Sequential([keras.Input((16, 16, 1)), day, keras.layers.Dense(5, "softmax")])
pretrained.compile("adam", "sparse_categorical_crossentropy")
pretrained.fit(*camera(1600, [0, 1, 2, 3, 4], 1.0), epochs=3, verbose=0)

night = body(0.999)
night.set_weights(day.get_weights())
model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        night,
        keras.layers.Dropout(0.2),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
x, y = camera(1440, [5, 6, 7], 0.3)
xv, yv = camera(450, [5, 6, 7], 0.3)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
log = model.fit(x, y, batch_size=32, epochs=8, validation_data=(xv, yv), verbose=0)
for name, values in log.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
