"""CODE: inputs_out_of_range

Spoken-tone recordings as scipy.io.wavfile reads them, into a small Conv1D network. The loss is in the hundreds
at first, then stays at 1.79, and accuracy never leaves chance; the same network works in the tutorial.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
RATE, LENGTH, WORDS = 4000, 800, 6


def read_wavs(n):
    """int16, mono, like wavfile.read"""
    words = rng.integers(0, WORDS, n)
    t = np.arange(LENGTH) / RATE
    pitch = (150 + 70 * words)[:, None] * rng.uniform(0.94, 1.06, (n, 1))
    voice = sum(
        rng.uniform(0.2, 1, (n, 1))
        * np.sin(2 * np.pi * k * pitch * t + rng.uniform(0, 6.28, (n, 1)))
        for k in (1, 2, 3)
    )
    sound = voice + rng.normal(0, 1.0, (n, LENGTH))
    loud = rng.uniform(2000, 7000, (n, 1))
    return np.clip(sound * loud, -32768, 32767).astype(np.int16), words


wav, words = read_wavs(1700)
x = wav.astype("float32")[..., np.newaxis]
x_train, x_val, y_train, y_val = x[:1200], x[1200:], words[:1200], words[1200:]

model = keras.Sequential(
    [
        keras.Input((LENGTH, 1)),
        layers.Conv1D(16, 24, strides=4, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 8, strides=2, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(WORDS, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
result = model.fit(
    x_train, y_train, batch_size=32, epochs=8, validation_data=(x_val, y_val), verbose=0
)
for k in ("loss", "val_loss", "accuracy", "val_accuracy"):
    print(k, np.round(result.history[k], 3).tolist())
