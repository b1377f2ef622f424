"""CODE: overconfidence

With labels that are wrong now and then, validation accuracy holds while the net gets ever surer,
so validation loss climbs.
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

GOOD = [
    "great",
    "lovely",
    "solid",
    "quick",
    "bright",
    "handy",
    "sturdy",
    "neat",
    "smooth",
    "tasty",
    "calm",
    "fresh",
]
BAD = [
    "poor",
    "broken",
    "slow",
    "dull",
    "noisy",
    "weak",
    "dirty",
    "loose",
    "bitter",
    "rude",
    "stale",
    "cheap",
]
FILL = [f"w{i}" for i in range(400)]


def reviews(n):
    stars = rng.integers(0, 2, n)
    texts = []
    for s in stars:
        words = list(rng.choice(FILL, 30))
        lean = rng.choice(GOOD if s else BAD, 3)
        other = rng.choice(BAD if s else GOOD, 1)
        for word in (*lean, *other):
            words.insert(rng.integers(len(words)), word)
        texts.append(" ".join(words))
    wrong = rng.random(n) < 0.04
    return np.array(texts), np.where(wrong, 1 - stars, stars).astype("float32")[:, None]


text_train, y_train = reviews(2500)
text_val, y_val = reviews(1500)

vectorize = layers.TextVectorization(max_tokens=500, output_sequence_length=36)
vectorize.adapt(text_train)
x_train, x_val = np.array(vectorize(text_train)), np.array(vectorize(text_val))

inputs = keras.Input((36,), dtype="int64")
x = layers.Embedding(500, 48, mask_zero=True)(inputs)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dense(128, activation="relu")(x)
x = layers.Dense(64, activation="relu")(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), verbose=2)
