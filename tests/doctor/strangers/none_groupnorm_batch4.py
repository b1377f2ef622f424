"""CODE: none

Batches of four look dangerous, but the network has GroupNormalization, which treats each image
by itself and alike in training and validation. The rate is halved every epoch.
"""

import sys
import numpy as np
import keras
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 4)
ROW, COL = np.mgrid[:20, :20]


def figure(kind):
    r, (cy, cx) = rng.uniform(4, 6), rng.uniform(7, 12, 2)
    dy, dx = abs(ROW - cy), abs(COL - cx)
    if kind == 0:  # disk
        shape = dy**2 + dx**2 <= r**2
    elif kind == 1:  # frame
        shape = (np.maximum(dy, dx) <= r) & (np.maximum(dy, dx) >= r - 1.6)
    else:  # plus sign
        shape = ((dy <= 1.2) & (dx <= r)) | ((dx <= 1.2) & (dy <= r))
    return shape + rng.normal(0, 0.5, (20, 20))


def collection(n):
    kinds = rng.integers(0, 3, n)
    images = np.stack([figure(k) for k in kinds])[..., None]
    return images.astype("float32"), kinds.astype("int64")


train_x, train_y = collection(900)
valid_x, valid_y = collection(600)
train_ds = tf.data.Dataset.from_tensor_slices((train_x, train_y)).shuffle(900).batch(4)
valid_ds = tf.data.Dataset.from_tensor_slices((valid_x, valid_y)).batch(50)

image = keras.Input((20, 20, 1))
t = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(image)
t = layers.ReLU()(layers.GroupNormalization(groups=3)(t))
t = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False)(t)
t = layers.ReLU()(layers.GroupNormalization(groups=4)(t))
t = layers.Conv2D(24, 3, padding="same", activation="relu")(t)
t = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(t))
model = keras.Model(image, layers.Dense(3, activation="softmax")(t))

halved = keras.optimizers.schedules.ExponentialDecay(2e-3, decay_steps=225, decay_rate=0.5)
model.compile(
    keras.optimizers.Adam(halved), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(train_ds, epochs=7, validation_data=valid_ds, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
