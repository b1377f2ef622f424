"""CODE: loss_wants_probabilities

Two softmax heads are averaged, so the output is a probability, but the loss has
`from_logits=True` and takes the softmax again: the loss cannot fall below about 1.04 (six
classes), however right the answers are.
"""

import sys

import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


def tiles(n, generator):
    """Two colours, three directions of stripes: six classes, 16 px."""
    cls = generator.integers(0, 6, n)
    turn = ((cls % 3) * np.pi / 3)[:, None, None]
    phase = generator.uniform(0, 2 * np.pi, (n, 1, 1))
    i, j = np.mgrid[:16, :16]
    wave = np.sin(np.cos(turn) * i + np.sin(turn) * j + phase)[..., None]
    tint = np.array([[1.0, 0.6, 0.3], [0.3, 0.6, 1.0]])[cls // 3][:, None, None, :]
    tile = 128 + 45 * wave * tint + 12 * tint + generator.normal(0, 45, (n, 16, 16, 3))
    return np.clip(tile, 0, 255).astype("float32"), cls


generator = np.random.default_rng(SEED)
train = tf.data.Dataset.from_tensor_slices(tiles(2000, generator)).shuffle(2000).batch(32)
valid = tf.data.Dataset.from_tensor_slices(tiles(500, generator)).batch(100)

pixels = keras.Input((16, 16, 3))
features = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
for width in (24, 32):
    features = keras.layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(features)
    features = keras.layers.BatchNormalization(momentum=0.9)(features)
    features = keras.layers.Activation("relu")(features)
features = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(features)
mean_head = keras.layers.GlobalAveragePooling2D()(features)
mean_head = keras.layers.Dense(6, activation="softmax", name="mean_head")(mean_head)
peak_head = keras.layers.GlobalMaxPooling2D()(features)
peak_head = keras.layers.Dense(6, activation="softmax", name="peak_head")(peak_head)
model = keras.Model(pixels, keras.layers.Average()([mean_head, peak_head]))
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=3)
history = model.fit(train, epochs=10, validation_data=valid, callbacks=[plateau], verbose=0)
for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in history.history[name]))
