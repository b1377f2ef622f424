"""CODE: none

Small ResNet with SGD and a cosine schedule. In the first epochs the validation loss is
much higher than the training loss, later both curves lie close to each other.
Is there something wrong with my BatchNorm layers?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
SIDE = 24


def picture(c):
    yy, xx = np.mgrid[:SIDE, :SIDE]
    u, v = rng.uniform(8, 16, 2)
    s = rng.uniform(4, 7)
    dy, dx = (yy - u) / s, (xx - v) / s
    mask = [
        np.hypot(dy, dx) < 1,
        np.maximum(abs(dy), abs(dx)) < 0.9,
        (dy > -0.8) & (dy < 0.8) & (abs(dx) < (dy + 0.8) * 0.6),
        (np.minimum(abs(dy), abs(dx)) < 0.3) & (np.maximum(abs(dy), abs(dx)) < 1),
    ][c]
    bg, fg = rng.uniform(0, 0.4, 3), rng.uniform(0.5, 1, 3)
    return np.where(mask[..., None], fg, bg) + rng.normal(0, 0.15, (SIDE, SIDE, 3))


def dataset(n):
    lab = rng.integers(0, 4, n)
    return np.stack([picture(c) for c in lab]).astype("float32"), lab


def conv_bn(x, f, k=3, s=1, act=True):
    x = layers.Conv2D(f, k, strides=s, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if act else x


inp = keras.Input((SIDE, SIDE, 3))
x = conv_bn(inp, 16, s=2)
for f, s in ((16, 1), (32, 2)):
    r = conv_bn(conv_bn(x, f, s=s), f, act=False)
    q = x if s == 1 else conv_bn(x, f, 1, s, act=False)
    x = layers.ReLU()(layers.Add()([r, q]))
x = layers.GlobalAveragePooling2D()(x)
out = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inp, out)

x_train, y_train = dataset(2400)
x_val, y_val = dataset(800)
epochs, batch = 10, 60
lr = keras.optimizers.schedules.CosineDecay(0.05, epochs * len(x_train) // batch)
model.compile(
    keras.optimizers.SGD(lr, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    x_train, y_train, batch_size=batch, epochs=epochs, validation_data=(x_val, y_val), verbose=2
)
for k, v in history.history.items():
    print(k, np.round(v, 4))
