"""CODE: none

A denoising autoencoder with its own train_step and test_step (noise on both, as the task asks),
digits.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

images = (load_digits().images / 16.0).astype("float32")[..., None]
x_train, x_val = train_test_split(images, test_size=0.3, random_state=seed)


class Denoiser(keras.Model):
    def __init__(self, noise=0.3):
        super().__init__()
        self.noise = noise
        self.encoder = keras.Sequential(
            [
                layers.Conv2D(24, 3, padding="same", activation="relu"),
                layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
                layers.Flatten(),
                layers.Dense(24),
            ]
        )
        self.decoder = keras.Sequential(
            [
                layers.Dense(4 * 4 * 24, activation="relu"),
                layers.Reshape((4, 4, 24)),
                layers.Conv2DTranspose(24, 3, strides=2, padding="same", activation="relu"),
                layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
            ]
        )
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.error = keras.metrics.MeanAbsoluteError(name="mae")

    @property
    def metrics(self):
        return [self.loss_tracker, self.error]

    def call(self, x, training=False):
        return self.decoder(self.encoder(x))

    def spoil(self, x):
        return x + self.noise * tf.random.normal(tf.shape(x))

    def train_step(self, data):
        x = data
        with tf.GradientTape() as tape:
            y = self(self.spoil(x), training=True)
            loss = tf.reduce_mean(tf.square(x - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.error.update_state(x, y)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x = data
        y = self(self.spoil(x), training=False)
        self.loss_tracker.update_state(tf.reduce_mean(tf.square(x - y)))
        self.error.update_state(x, y)
        return {m.name: m.result() for m in self.metrics}


train = tf.data.Dataset.from_tensor_slices(x_train).shuffle(len(x_train)).batch(32)
val = tf.data.Dataset.from_tensor_slices(x_val).batch(100)
model = Denoiser()
model.compile(optimizer=keras.optimizers.Adam(2e-3))
model.fit(train, epochs=12, validation_data=val, verbose=2)
