"""CODE: loss_wants_probabilities

The last layer is linear, but the loss (from_logits left at False) takes its numbers for
probabilities.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

TOPICS = {
    "billing": [
        "invoice",
        "charge",
        "refund",
        "card",
        "payment",
        "price",
        "tax",
        "receipt",
        "double",
        "wrong",
    ],
    "login": [
        "password",
        "reset",
        "account",
        "locked",
        "email",
        "code",
        "phone",
        "sign",
        "access",
        "token",
    ],
    "delivery": [
        "parcel",
        "late",
        "courier",
        "address",
        "tracking",
        "lost",
        "box",
        "arrived",
        "door",
        "depot",
    ],
    "defect": [
        "broken",
        "screen",
        "noise",
        "battery",
        "crash",
        "button",
        "smoke",
        "dead",
        "repair",
        "warranty",
    ],
}
COMMON = [
    "the",
    "my",
    "i",
    "is",
    "a",
    "to",
    "and",
    "please",
    "help",
    "not",
    "it",
    "was",
    "with",
    "for",
    "you",
    "have",
    "why",
    "still",
    "since",
    "after",
    "again",
]


def tickets(n):
    texts, labels = [], rng.integers(0, 4, n)
    topics = list(TOPICS.values())
    for label in labels:
        words = []
        for _ in range(rng.integers(6, 20)):
            u = rng.random()
            if u < 0.16:
                words.append(rng.choice(topics[label]))
            elif u < 0.24:
                words.append(rng.choice(topics[rng.integers(0, 4)]))
            else:
                words.append(rng.choice(COMMON))
        texts.append(" ".join(words))
    return texts, labels


train_texts, y_train = tickets(2000)
val_texts, y_val = tickets(600)

vocabulary = {w: k + 2 for k, w in enumerate(sorted({w for t in train_texts for w in t.split()}))}


def encode(texts, length=20):
    ids = np.zeros((len(texts), length), "int32")
    for row, text in enumerate(texts):
        for col, word in enumerate(text.split()[:length]):
            ids[row, col] = vocabulary.get(word, 1)
    return ids


x_train, x_val = encode(train_texts), encode(val_texts)


class TicketRouter(keras.Model):
    def __init__(self, words, topics):
        super().__init__()
        self.embed = layers.Embedding(words, 24)
        self.conv = layers.Conv1D(32, 3, padding="same", activation="relu")
        self.pool = layers.GlobalMaxPooling1D()
        self.drop = layers.Dropout(0.2)
        self.scores = layers.Dense(topics)

    def call(self, ids, training=None):
        h = self.pool(self.conv(self.embed(ids)))
        return self.scores(self.drop(h, training=training))


model = TicketRouter(len(vocabulary) + 2, 4)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=40, epochs=8, verbose=2)
