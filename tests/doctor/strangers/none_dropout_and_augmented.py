"""CODE: none
Validation accuracy is higher than training accuracy in nearly every epoch and val_loss far below the loss. A friend
says this is impossible and that I must have a leak.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def arrow(k):
    yy, xx = np.mgrid[-10:10, -10:10] + 0.5
    u, v = [(xx, yy), (-xx, yy), (yy, xx), (-yy, xx)][k]
    u, v = u + rng.uniform(-2, 2), v + rng.uniform(-2, 2)
    m = ((abs(v) < 1.2) & (u > -7) & (u < 4)) | ((u > 0) & (u < 6) & (abs(v) < 6 - u))
    img = np.where(m[..., None], rng.uniform(90, 230, 3), rng.uniform(20, 150, 3))
    return np.clip(img + rng.normal(0, 38, img.shape), 0, 255)


y = rng.integers(0, 4, 2100)
x = np.stack([arrow(k) for k in y]).astype("float32")
train = tf.data.Dataset.from_tensor_slices((x[:1500], y[:1500])).shuffle(1500).batch(32)
val = tf.data.Dataset.from_tensor_slices((x[1500:], y[1500:])).batch(100)

model = keras.Sequential(
    [
        keras.Input((20, 20, 3)),
        layers.RandomTranslation(0.12, 0.12),
        layers.RandomContrast(0.4, value_range=(0, 255)),
        layers.RandomZoom(0.2),
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.4),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=val, epochs=12, verbose=2)
print({k: np.round(v, 3).tolist() for k, v in h.history.items()})
