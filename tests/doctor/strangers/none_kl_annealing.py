"""CODE: none

Variational autoencoder, the weight of the KL term goes up over the first eight epochs as in the paper.
After a good start the loss climbs, in training and in validation. Does it diverge?
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
DIM, LATENT, EPOCHS = 48, 4, 14
mixing = rng.normal(size=(3, DIM)) / np.sqrt(3)


def profiles(n):
    z = rng.normal(size=(n, 3))
    return (np.tanh(1.5 * z) @ mixing + 0.25 * rng.normal(size=(n, DIM))).astype("float32")


class Latent(layers.Layer):
    def __init__(self, size, **kw):
        super().__init__(**kw)
        self.mean, self.logvar = layers.Dense(size), layers.Dense(size)
        self.noise = keras.random.SeedGenerator(seed)

    def build(self, shape):
        self.mean.build(shape)
        self.logvar.build(shape)
        self.beta = self.add_weight(shape=(), initializer="zeros", trainable=False, name="beta")

    def call(self, x, training=False):
        m, s = self.mean(x), self.logvar(x)
        kl = -0.5 * ops.sum(1 + s - ops.square(m) - ops.exp(s), axis=-1)
        self.add_loss(self.beta * ops.mean(kl) / DIM)
        if training:
            m = m + ops.exp(0.5 * s) * keras.random.normal(ops.shape(m), seed=self.noise)
        return m


x, x_val = profiles(3000), profiles(1000)
latent = Latent(LATENT)
inputs = keras.Input((DIM,))
h = latent(layers.Dense(64, activation="relu")(inputs))
outputs = layers.Dense(DIM)(layers.Dense(64, activation="relu")(h))
vae = keras.Model(inputs, outputs)
vae.compile(keras.optimizers.Adam(1e-3), loss="mse")
anneal = keras.callbacks.LambdaCallback(
    on_epoch_begin=lambda epoch, logs=None: latent.beta.assign(0.6 * min(1.0, epoch / 8))
)
history = vae.fit(
    x,
    x,
    batch_size=64,
    epochs=EPOCHS,
    validation_data=(x_val, x_val),
    callbacks=[anneal],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:10}", " ".join(f"{v:.4f}" for v in values))
