"""CODE: none

Regression of a standardised target with AdamW, a cosine schedule with warm-up and Huber loss.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

x, y = make_friedman1(n_samples=6000, n_features=12, noise=1.5, random_state=seed)
x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, random_state=seed)
x_scaler, y_scaler = StandardScaler().fit(x_train), StandardScaler().fit(y_train[:, None])
x_train, x_val = x_scaler.transform(x_train), x_scaler.transform(x_val)
y_train, y_val = y_scaler.transform(y_train[:, None]), y_scaler.transform(y_val[:, None])

EPOCHS, BATCH = 12, 64
steps = EPOCHS * int(np.ceil(len(x_train) / BATCH))
schedule = keras.optimizers.schedules.CosineDecay(
    1e-4, steps - steps // 10, alpha=0.01, warmup_target=3e-3, warmup_steps=steps // 10
)
inputs = keras.Input((12,))
x = layers.Dense(64, activation="gelu")(inputs)
x = layers.Dense(64, activation="gelu")(x)
model = keras.Model(inputs, layers.Dense(1)(x))
model.compile(
    keras.optimizers.AdamW(schedule, weight_decay=1e-3),
    loss=keras.losses.Huber(),
    metrics=["mae", keras.metrics.R2Score()],
)
model.fit(
    x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_val, y_val), verbose=2
)
