"""CODE: none
Loss and val_loss stop at about 0.5 although accuracy is excellent, and in the first epoch hardly anything happens.
Too low a learning rate? Wrong loss?
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
CLASSES = 4


def tile(k):
    gy, gx = np.mgrid[0:16, 0:16] / 16.0
    p = rng.uniform(0, 6.3)
    base = [
        np.sin(6.3 * 2 * gx + p),
        np.sin(6.3 * 2 * gy + p),
        np.sin(6.3 * 2 * gx + p) * np.sin(6.3 * 2 * gy + p),
        np.sin(6.3 * 3 * np.hypot(gx - 0.5, gy - 0.5) + p),
    ][k]
    return base + rng.normal(0, 1.2, (16, 16))


y = rng.integers(0, CLASSES, 2600)
x = np.stack([tile(k) for k in y]).astype("float32")


class Patches(layers.Layer):
    """16 x 16 -> 16 tokens of 4 x 4"""

    def call(self, a):
        a = ops.reshape(a, (-1, 4, 4, 4, 4))
        return ops.reshape(ops.transpose(a, (0, 1, 3, 2, 4)), (-1, 16, 16))


class AddPosition(layers.Layer):
    def build(self, shape):
        self.pos = self.add_weight(
            shape=(1, shape[1], shape[2]), initializer="random_normal", name="pos"
        )

    def call(self, a):
        return a + self.pos


inp = keras.Input((16, 16))
t = AddPosition()(layers.Dense(24)(Patches()(inp)))
for _ in range(2):
    n = layers.LayerNormalization()(t)
    t = t + layers.MultiHeadAttention(2, 12, dropout=0.1)(n, n)
    n = layers.LayerNormalization()(t)
    t = t + layers.Dense(24)(layers.Dropout(0.1)(layers.Dense(48, activation="gelu")(n)))
o = layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(t)))
vit = keras.Model(inp, o)
steps = 2000 // 40
lr = keras.optimizers.schedules.CosineDecay(
    0.0, decay_steps=8 * steps, warmup_target=4e-3, warmup_steps=2 * steps
)
vit.compile(
    keras.optimizers.AdamW(lr, weight_decay=1e-3),
    keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
)
y1 = keras.utils.to_categorical(y, CLASSES)
h = vit.fit(
    x[:2000], y1[:2000], batch_size=40, epochs=10, validation_data=(x[2000:], y1[2000:]), verbose=0
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
