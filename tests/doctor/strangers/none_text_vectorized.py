"""CODE: none

Short texts with doubtful labels, one vocabulary from the training side, small embedding with
dropout. Nothing is wrong.
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

GOOD = [
    "lovely",
    "warm",
    "clean",
    "friendly",
    "quiet",
    "fresh",
    "tasty",
    "quick",
    "generous",
    "bright",
    "comfortable",
    "charming",
]
BAD = [
    "dirty",
    "cold",
    "loud",
    "rude",
    "stale",
    "slow",
    "tiny",
    "broken",
    "smelly",
    "dark",
    "expensive",
    "boring",
]
PLAIN = [
    "the",
    "room",
    "was",
    "and",
    "we",
    "had",
    "a",
    "breakfast",
    "with",
    "our",
    "view",
    "of",
    "street",
    "hotel",
    "staff",
    "night",
    "bed",
    "towel",
    "city",
    "stayed",
    "two",
    "days",
    "in",
    "very",
    "rather",
    "near",
    "station",
    "window",
    "lift",
    "they",
    "it",
    "to",
    "at",
    "bar",
    "stairs",
]


def reviews(n):
    texts, labels = [], []
    for _ in range(n):
        label = rng.integers(0, 2)
        words = list(rng.choice(PLAIN, rng.integers(8, 18)))
        for _ in range(rng.integers(2, 6)):
            own = rng.random() < 0.78
            words.append(rng.choice(GOOD if own == bool(label) else BAD))
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(label)
    return texts, np.array(labels, "float32")


train_texts, y_train = reviews(4000)
val_texts, y_val = reviews(1200)

vectorize = layers.TextVectorization(max_tokens=500, output_sequence_length=24)
vectorize.adapt(train_texts)
x_train, x_val = vectorize(np.array(train_texts)), vectorize(np.array(val_texts))

train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(4000, seed=seed).batch(64)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(200)

model = keras.Sequential(
    [
        keras.Input((24,), dtype="int64"),
        layers.Embedding(500, 12, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.3),
        layers.Dense(12, activation="relu"),
        layers.Dense(1),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
)
model.fit(train, validation_data=val, epochs=9, verbose=2)
