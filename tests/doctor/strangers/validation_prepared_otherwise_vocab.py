"""CODE: validation_prepared_otherwise

The helper builds a new vocabulary for each list of texts it gets, so validation word numbers mean
other words than in training.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
from collections import Counter
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

TOPICS = {
    "billing": ["invoice", "refund", "charge", "card", "payment", "amount", "price", "receipt"],
    "delivery": ["parcel", "courier", "late", "address", "box", "track", "doorstep", "arrived"],
    "account": ["password", "login", "email", "locked", "reset", "profile", "verify", "username"],
    "product": ["screen", "battery", "button", "crack", "charger", "warranty", "manual", "colour"],
}
COMMON = ["the", "my", "please", "is", "and", "hello", "thanks"] + [f"term{i}" for i in range(300)]
COMMON_P = 1.0 / np.arange(3, 3 + len(COMMON))
COMMON_P /= COMMON_P.sum()


def tickets(n):
    y = rng.integers(0, len(TOPICS), n)
    texts = []
    for k in y:
        words = list(rng.choice(COMMON, rng.integers(10, 20), p=COMMON_P))
        words += list(rng.choice(list(TOPICS.values())[k], 3))
        rng.shuffle(words)
        texts.append(" ".join(words))
    return texts, y


def encode(texts, size=320, length=24):
    counts = Counter(w for t in texts for w in t.split())
    index = {w: i + 2 for i, (w, _) in enumerate(counts.most_common(size - 2))}
    x = np.zeros((len(texts), length), "int32")
    for row, t in zip(x, texts):
        ids = [index.get(w, 1) for w in t.split()][:length]
        row[: len(ids)] = ids
    return x


texts_train, y_train = tickets(4000)
texts_val, y_val = tickets(1000)
x_train, x_val = encode(texts_train), encode(texts_val)

model = keras.Sequential(
    [
        keras.Input((24,), dtype="int32"),
        layers.Embedding(320, 24, mask_zero=True),
        layers.Bidirectional(layers.GRU(16)),
        layers.Dropout(0.3),
        layers.Dense(len(TOPICS), activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=64, epochs=8, validation_data=(x_val, y_val), verbose=2)
