"""CODE: training_order

To save padding the batches are cut from messages sorted by length and come short to long in every
epoch; length goes with the class, so every epoch ends on one class.
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

VOCAB = 400
words = rng.permutation(np.arange(1, VOCAB)).reshape(3, 133)


def messages(n):
    kind = rng.integers(0, 3, n)
    texts = []
    for k in kind:
        length = int(np.clip(rng.normal((8, 20, 34)[k], 4.5), 4, 48))
        own = rng.random(length) < 0.25
        text = np.where(own, rng.choice(words[k], length), rng.integers(1, VOCAB, length))
        texts.append(text)
    return texts, kind


class Bucketed(keras.utils.PyDataset):
    def __init__(self, texts, labels, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        order = np.argsort([len(t) for t in texts], kind="stable")
        self.batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        self.texts, self.labels = texts, labels

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, k):
        rows = self.batches[k]
        x = keras.utils.pad_sequences([self.texts[r] for r in rows], maxlen=48, padding="post")
        return x, self.labels[rows]


train = Bucketed(*messages(4000))
val = Bucketed(*messages(1200), batch_size=100)

model = keras.Sequential(
    [
        keras.Input((48,), dtype="int32"),
        layers.Embedding(VOCAB, 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.4),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=12, validation_data=val, shuffle=False, verbose=2)
