"""CODE: none

Short padded word sequences for an Embedding with mask and an LSTM, two classes that share most
of their words. Dropout and a falling rate keep it from learning the neutral words by heart.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 9)
LENGTH, WORDS = 24, 200


def reviews(n):
    mood = rng.integers(0, 2, n)
    text = rng.integers(61, WORDS, (n, LENGTH))  # neutral words
    kind = rng.random((n, LENGTH))
    own = 1 + 30 * mood[:, None] + rng.integers(0, 30, (n, LENGTH))
    other = 1 + 30 * (1 - mood[:, None]) + rng.integers(0, 30, (n, LENGTH))
    text = np.where(kind < 0.27, own, np.where(kind < 0.35, other, text))
    lengths = rng.integers(14, LENGTH + 1, n)
    text[np.arange(LENGTH)[None] >= lengths[:, None]] = 0  # padding
    return text.astype("int32"), mood.astype("float32")


text, mood = reviews(3200)
text_val, mood_val = reviews(1000)

model = keras.Sequential(
    [
        keras.Input((LENGTH,), dtype="int32"),
        layers.Embedding(WORDS, 12, mask_zero=True),
        layers.SpatialDropout1D(0.2),
        layers.LSTM(16),
        layers.Dropout(0.3),
        layers.Dense(1, activation="sigmoid"),
    ]
)
fading = keras.optimizers.schedules.ExponentialDecay(4e-3, decay_steps=100, decay_rate=0.6)
model.compile(keras.optimizers.Adam(fading), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    text, mood, batch_size=32, epochs=7, validation_data=(text_val, mood_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
