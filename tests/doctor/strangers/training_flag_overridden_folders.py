"""CODE: training_flag_overridden

The model's call passes training=True to BatchNorm always, so validation normalises with its own
batches, which come folder by folder.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

CLASSES = ["empty", "few", "many", "full"]


def folder(label, n):
    """Shelf photographs: the label is how many items stand on the shelf."""
    x = np.zeros((n, 20, 20, 3))
    for k in range(n):
        for _ in range([0, 3, 7, 12][label] + rng.integers(0, 3)):
            r, c = rng.integers(0, 16, 2)
            x[k, r : r + 4, c : c + 4] += rng.uniform(0.2, 0.8, 3)
    x = np.clip(x, 0, 1) + rng.normal(0, 0.1, x.shape)
    return x.astype("float32"), np.full(n, label)


def read_split(per_class):
    parts = [folder(k, per_class) for k in range(len(CLASSES))]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


class ShelfNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv1 = layers.Conv2D(16, 3, padding="same")
        self.bn1 = layers.BatchNormalization(momentum=0.9)
        self.conv2 = layers.Conv2D(32, 3, strides=2, padding="same")
        self.bn2 = layers.BatchNormalization(momentum=0.9)
        self.conv3 = layers.Conv2D(32, 3, strides=2, padding="same")
        self.bn3 = layers.BatchNormalization(momentum=0.9)
        self.pool = layers.GlobalAveragePooling2D()
        self.drop = layers.Dropout(0.2)
        self.head = layers.Dense(len(CLASSES))

    def call(self, inputs, training=False):
        x = tf.nn.relu(self.bn1(self.conv1(inputs), training=True))
        x = tf.nn.relu(self.bn2(self.conv2(x), training=True))
        x = tf.nn.relu(self.bn3(self.conv3(x), training=True))
        x = self.drop(self.pool(x), training=training)
        return self.head(x)


train_ds = tf.data.Dataset.from_tensor_slices(read_split(250)).shuffle(1000, seed=seed).batch(40)
val_ds = tf.data.Dataset.from_tensor_slices(read_split(100)).batch(40)

model = ShelfNet()
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train_ds, validation_data=val_ds, epochs=10, verbose=2)
