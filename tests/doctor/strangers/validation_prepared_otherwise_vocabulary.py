"""CODE: validation_prepared_otherwise
Short customer reviews, positive or negative. Training accuracy 0.95, validation near a coin toss
from the first epoch on. With more dropout it is the same. The texts come from one export.
"""

import sys
import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

syll = ["ba", "do", "ri", "ku", "le", "mo", "sa", "ti", "ve", "zo", "na", "pe"]
lexicon = [a + b + c for a in syll for b in syll for c in ("", "n", "s")][:400]
tone = rng.normal(0, 1, 400) * (rng.random(400) < 0.35)
freq = 1 / np.arange(20, 420) ** 0.35
freq = rng.permutation(freq / freq.sum())


def review():
    n = rng.integers(12, 30)
    lab = rng.integers(0, 2)
    p = freq * np.exp((2 * lab - 1) * 0.85 * tone)
    return " ".join(rng.choice(lexicon, n, p=p / p.sum())), lab


texts, labels = zip(*[review() for _ in range(2600)])
labels = np.array(labels, "float32")
train_texts, val_texts = list(texts[:2000]), list(texts[2000:])
y_train, y_val = labels[:2000], labels[2000:]


def encode(texts):
    """words -> padded numbers"""
    vec = layers.TextVectorization(max_tokens=300, output_sequence_length=30)
    vec.adapt(texts)
    return np.asarray(vec(texts))


x_train = encode(train_texts)
x_val = encode(val_texts)

model = keras.Sequential(
    [
        layers.Embedding(300, 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.4),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
hist = model.fit(
    x_train, y_train, epochs=8, batch_size=32, validation_data=(x_val, y_val), verbose=0
)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
