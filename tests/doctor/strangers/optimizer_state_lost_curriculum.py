"""CODE: optimizer_state_lost

Eight kinds of mineral from their spectra, hard ones drawn more often in each round. The same recipe
(AdamW, warm-up, cosine) reached 0.95 in a colleague's script; here it crawls along.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
CLASSES, BANDS, ROUNDS, BATCH = 8, 64, 6, 64

peaks = rng.uniform(5, BANDS - 5, (CLASSES, 3))


def spectra(n):
    y = rng.integers(0, CLASSES, n)
    axis = np.arange(BANDS)[None, :, None]
    lines = np.exp(-0.5 * ((axis - peaks[y][:, None, :] - rng.normal(0, 1, (n, 1, 3))) / 2) ** 2)
    x = (lines * rng.uniform(0.5, 1.5, (n, 1, 3))).sum(-1) - 0.3 + rng.normal(0, 0.35, (n, BANDS))
    return x.astype("float32"), y


x, y = spectra(2000)
x_val, y_val = spectra(800)

model = keras.Sequential(
    [
        keras.Input((BANDS,)),
        keras.layers.Dense(64, activation="gelu"),
        keras.layers.Dense(64, activation="gelu"),
        keras.layers.Dense(CLASSES, activation="softmax"),
    ]
)


def train_round(x, y):
    steps = -(-len(x) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps * ROUNDS, warmup_target=1e-3, warmup_steps=300
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-4),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model.fit(x, y, batch_size=BATCH, epochs=1, validation_data=(x_val, y_val), verbose=0)


history = {}
for number in range(ROUNDS):
    p = keras.ops.convert_to_numpy(model(x))[np.arange(len(y)), y]
    share = 1.5 - p
    rows = rng.choice(len(x), len(x), p=share / share.sum())
    for name, values in train_round(x[rows], y[rows]).history.items():
        history.setdefault(name, []).extend(values)

for name, values in history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
