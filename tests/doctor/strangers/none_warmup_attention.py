"""CODE: none

A tiny attention network over 4 by 4 patches with LayerNormalization. The rate warms up for one
epoch from almost nothing, so the first epoch learns little; then cosine decay brings everything
calmly to rest.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 12)

plates = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:4].reshape(4, 4, 4)
plates = plates.repeat(4, axis=1).repeat(4, axis=2)


def batch_of(n):
    c = rng.integers(0, 4, n)
    return (0.4 * plates[c] + rng.normal(size=(n, 16, 16)))[..., None].astype("float32"), c


class Places(layers.Layer):
    """Adds a learned vector for each place in the sequence."""

    def build(self, input_shape):
        self.vectors = self.add_weight(
            shape=(input_shape[1], input_shape[2]), initializer="random_normal", name="vectors"
        )

    def call(self, inputs):
        return inputs + self.vectors


xs, ys = batch_of(2400)
xv, yv = batch_of(800)

pixels = keras.Input((16, 16, 1))
tokens = layers.Conv2D(24, 4, strides=4)(pixels)
tokens = Places()(layers.Reshape((16, 24))(tokens))
normed = layers.LayerNormalization()(tokens)
mixed = layers.MultiHeadAttention(num_heads=2, key_dim=12, dropout=0.1)(normed, normed)
tokens = layers.Add()([tokens, mixed])
normed = layers.LayerNormalization()(tokens)
wide = layers.Dropout(0.2)(layers.Dense(48, activation="gelu")(normed))
tokens = layers.Add()([tokens, layers.Dense(24)(wide)])
pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(tokens))
logits = layers.Dense(4)(layers.Dropout(0.1)(pooled))
model = keras.Model(pixels, logits)

per_epoch = 2400 // 32
warm = keras.optimizers.schedules.CosineDecay(
    initial_learning_rate=1e-5,
    decay_steps=8 * per_epoch,
    alpha=0.01,
    warmup_target=3e-3,
    warmup_steps=per_epoch,
)
model.compile(
    optimizer=keras.optimizers.AdamW(warm, weight_decay=0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(xs, ys, batch_size=32, epochs=9, validation_data=(xv, yv), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
