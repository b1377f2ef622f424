"""CODE: leak

160 images are multiplied to 960 by small changes of brightness and noise, and split only then:
nearly each validation image has near copies in training. Validation is splendid, new images are
not.
"""

import sys
import numpy as np
import keras
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 160)
tissue = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:4].reshape(4, 4, 4)
tissue = tissue.repeat(4, axis=1).repeat(4, axis=2)


def biopsies(n):
    finding = rng.integers(0, 4, n)
    picture = 0.13 * tissue[finding] + rng.normal(size=(n, 16, 16))
    return picture[..., None].astype("float32"), keras.utils.to_categorical(finding, 4)


originals, findings = biopsies(160)
copies, copy_findings = [], []
for _ in range(6):
    factor = rng.uniform(0.85, 1.15, (160, 1, 1, 1))
    shift = rng.uniform(-0.1, 0.1, (160, 1, 1, 1))
    copies.append(factor * originals + shift + rng.normal(0, 0.2, originals.shape))
    copy_findings.append(findings)
x = np.concatenate(copies).astype("float32")
y = np.concatenate(copy_findings)
mixed = rng.permutation(len(x))
x, y = x[mixed], y[mixed]

train = tf.data.Dataset.from_tensor_slices((x[:640], y[:640])).shuffle(640).batch(16).prefetch(2)
valid = tf.data.Dataset.from_tensor_slices((x[640:], y[640:])).batch(64)

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(96, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=10, validation_data=valid, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
print(f"new patients: accuracy {model.evaluate(*biopsies(500), verbose=0)[1]:.3f}")
