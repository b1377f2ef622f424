"""CODE: metric_threshold

"accuracy" thresholds the distance between two embeddings (small = same) as if it were the
probability of "same", so it shows about the opposite of what the pair network does.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

digits = load_digits()
images = (digits.images / 16.0).astype("float32")[..., None]
x_train, x_val, y_train, y_val = train_test_split(
    images, digits.target, test_size=0.3, stratify=digits.target, random_state=seed
)


def make_pairs(x, y, n):
    where = [np.flatnonzero(y == d) for d in range(10)]
    left, right, same = [], [], []
    for k in range(n):
        i = rng.integers(len(x))
        if k % 2 == 0:
            j = rng.choice(where[y[i]])
        else:
            j = rng.choice(where[(y[i] + rng.integers(1, 10)) % 10])
        left.append(x[i])
        right.append(x[j])
        same.append(float(k % 2 == 0))
    return (np.array(left), np.array(right)), np.array(same, "float32")[:, None]


pairs_train, same_train = make_pairs(x_train, y_train, 6000)
pairs_val, same_val = make_pairs(x_val, y_val, 2000)

tower = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(16),
    ]
)


def euclidean(vectors):
    a, b = vectors
    return ops.sqrt(ops.maximum(ops.sum(ops.square(a - b), axis=1, keepdims=True), 1e-9))


def contrastive_loss(y_true, distance, margin=1.0):
    near = y_true * ops.square(distance)
    far = (1 - y_true) * ops.square(ops.maximum(margin - distance, 0))
    return ops.mean(near + far)


one, two = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
distance = layers.Lambda(euclidean, output_shape=(1,))([tower(one), tower(two)])
model = keras.Model([one, two], distance)
model.compile(keras.optimizers.RMSprop(1e-3), loss=contrastive_loss, metrics=["accuracy"])
model.fit(
    pairs_train,
    same_train,
    batch_size=64,
    epochs=10,
    validation_data=(pairs_val, same_val),
    verbose=2,
)
