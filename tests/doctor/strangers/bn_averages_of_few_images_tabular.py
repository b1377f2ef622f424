"""CODE: bn_averages_of_few_images

Re-implementation of a colleague's PyTorch model for credit data (momentum=0.1 is
what is printed there). Training is all right, but the validation loss is much higher and goes
up and down from epoch to epoch; I can not say which epoch is the best.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(100 + seed)

# 10 numeric columns with long tails as usual (amounts, counts)
n = 6008
Z = rng.normal(size=(n, 10))
X = np.sinh(0.6 * Z @ (rng.normal(size=(10, 10)) * 0.15 + np.eye(10)))
score = 2 * np.tanh(Z[:, 0]) + Z[:, 2] - 0.8 * Z[:, 3] + Z[:, 4] * (Z[:, 5] > 0) + 0.5 * Z[:, 7]
Y = (score + rng.normal(0, 0.4, n) > np.median(score)).astype("float32")
X_train, X_valid, Y_train, Y_valid = X[:4008], X[4008:], Y[:4008], Y[4008:]
mu, sigma = X_train.mean(0), X_train.std(0)
X_train, X_valid = (X_train - mu) / sigma, (X_valid - mu) / sigma


def block(x, units):
    x = layers.Dense(units, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.1, epsilon=1e-5)(x)
    return layers.Activation("relu")(x)


inputs = keras.Input((10,))
x = block(inputs, 32)
x = block(x, 24)
x = block(x, 16)
outputs = layers.Dense(1, activation="sigmoid")(x)
net = keras.Model(inputs, outputs)
net.compile(keras.optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
train = (
    tf.data.Dataset.from_tensor_slices((X_train, Y_train))
    .shuffle(len(X_train))
    .batch(16)
    .prefetch(1)
)
h = net.fit(train, epochs=11, verbose=2, validation_data=(X_valid, Y_valid))
for key in h.history:
    print(key, np.round(h.history[key], 4))
