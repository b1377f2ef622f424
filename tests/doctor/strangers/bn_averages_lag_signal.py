"""CODE: bn_averages_lag

Vibration signals of four kinds of bearing damage, 1-D convolutions. I took the
BatchNorm settings over from MobileNetV2. The training loss goes down as it should,
the validation loss does not, and the accuracy on validation is about 0.25 to 0.4.
"""

import sys
import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


def vibrations(count):
    t = np.arange(256) / 256
    label = np.random.randint(0, 4, count)
    sig = np.empty((count, 256, 1), "float32")
    for i, c in enumerate(label):
        base = np.sin(2 * np.pi * (np.random.uniform(8, 14) * t + np.random.rand()))
        rate = (0, 5, 11, 19)[c] + np.random.uniform(-1, 1)
        knock = np.zeros(256)
        if c:
            pos = (np.random.rand() + np.arange(int(rate) + 1)) * 256 / rate
            for p in pos[pos < 250].astype(int):
                tail = np.arange(256 - p)
                knock[p:] += np.exp(-tail / 3.0) * np.cos(tail * 1.9)
        sig[i, :, 0] = base + 1.2 * knock + np.random.normal(0, 0.25, 256)
    return sig, label


xtr, ytr = vibrations(1600)
xva, yva = vibrations(800)
mean, std = xtr.mean(), xtr.std()
xtr, xva = (xtr - mean) / std, (xva - mean) / std

bn = dict(momentum=0.999, epsilon=1e-3)
model = keras.Sequential([keras.Input((256, 1))])
for width in (16, 24, 32, 48):
    model.add(
        keras.layers.Conv1D(
            width, 7, strides=2, padding="same", use_bias=False, kernel_initializer="he_normal"
        )
    )
    model.add(keras.layers.BatchNormalization(**bn))
    model.add(keras.layers.ReLU(6.0))
model.add(keras.layers.GlobalAveragePooling1D())
model.add(keras.layers.Dense(4))
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
hist = model.fit(xtr, ytr, epochs=9, batch_size=64, validation_data=(xva, yva), verbose=2)
print({k: np.round(v, 4).tolist() for k, v in hist.history.items()})
