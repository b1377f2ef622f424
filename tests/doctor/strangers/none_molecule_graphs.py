"""CODE: none

Small molecules as graphs (atoms and an adjacency matrix), one property to predict. Validation MAE gets
stuck a little above 0.3, and above training. Does it overfit?
"""

import sys
import numpy as np
import keras
from keras import layers, ops

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 33)
ATOMS, KINDS = 9, 4
worth = np.array([0.4, -0.5, 0.9, -0.2])
bond = np.random.default_rng(6).normal(0, 0.4, (KINDS, KINDS))
bond = (bond + bond.T) / 2


def molecules(n):
    kind = rng.integers(0, KINDS, (n, ATOMS))
    links = np.triu(rng.random((n, ATOMS, ATOMS)) < 0.25, 1)
    links = (links | links.transpose(0, 2, 1)).astype("float32")
    value = worth[kind].sum(1) + (links * bond[kind[:, :, None], kind[:, None, :]]).sum((1, 2)) / 2
    value = (value - 1.35) / 1.8 + rng.normal(0, 0.35, n)  # measuring error
    return {"atoms": np.eye(KINDS, dtype="float32")[kind], "links": links}, value.astype("float32")


atoms = keras.Input((ATOMS, KINDS), name="atoms")
links = keras.Input((ATOMS, ATOMS), name="links")
h = layers.Dense(32)(atoms)
for _ in range(2):
    message = layers.Dot(axes=(2, 1))([links, layers.Dense(32)(h)])
    h = layers.LayerNormalization()(
        layers.Activation("relu")(layers.Add()([message, layers.Dense(32)(h)]))
    )
total = layers.Lambda(lambda t: ops.sum(t, axis=1) / 3.0, output_shape=(32,))(
    layers.Dense(32, activation="relu")(h)
)
model = keras.Model({"atoms": atoms, "links": links}, layers.Dense(1)(total))
model.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, 75 * 12)),
    "mse",
    metrics=["mae"],
)
x, y = molecules(2400)
xv, yv = molecules(800)
history = model.fit(x, y, batch_size=32, epochs=12, validation_data=(xv, yv), verbose=0).history
for k, v in history.items():
    print(f"{k:9}", " ".join(f"{a:.3f}" for a in v))
