"""CODE: class_weights_extreme

3 % positives. A post said that the rare class needs a high weight, so I gave it one. Now
accuracy and val_accuracy are below 0.4, nearly everything is called positive, and
val_loss is much higher than without weights.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 6000
label = (rng.random(n) < 0.03).astype("float32")
hidden = rng.normal(size=(n, 16)) + 0.75 * label[:, None] * np.array([1, -1] * 4 + [0] * 8)
features = np.tanh(hidden @ rng.normal(0, 0.35, (16, 16)) + 0.3 * hidden).astype("float32")
train_x, val_x = features[:4500], features[4500:]
train_y, val_y = label[:4500], label[4500:]

net = keras.Sequential(
    [
        keras.Input((16,)),
        layers.Dense(32),
        layers.BatchNormalization(momentum=0.95),
        layers.Activation("relu"),
        layers.Dense(16),
        layers.BatchNormalization(momentum=0.95),
        layers.Activation("relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
net.compile(
    keras.optimizers.RMSprop(1e-3),
    "binary_crossentropy",
    metrics=[
        "accuracy",
        keras.metrics.Precision(name="precision"),
        keras.metrics.Recall(name="recall"),
    ],
)
h = net.fit(
    train_x,
    train_y,
    batch_size=64,
    epochs=10,
    class_weight={0: 1.0, 1: 1000.0},
    validation_data=(val_x, val_y),
    verbose=2,
)
for k, v in h.history.items():
    print(k, [round(float(a), 4) for a in v])
