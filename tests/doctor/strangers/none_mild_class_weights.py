"""CODE: none

Customers who leave (20 %). With class_weight the training loss is much higher than the validation loss, all
the time, and the accuracy is lower than 0.9 - the share of stayers alone is 0.8. Is
class_weight broken?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

N = 7000
numbers = rng.normal(size=(N, 8))
region = rng.integers(0, 12, N)
effect = rng.normal(0, 0.8, 12)
logit = (
    1.4 * numbers[:, 0] - 1.2 * numbers[:, 1] + numbers[:, 2] * numbers[:, 3] + effect[region] - 2.4
)
left = (rng.random(N) < 1 / (1 + np.exp(-1.3 * logit))).astype("float32")
tr, va = slice(0, 5000), slice(5000, N)

num = keras.Input((8,), name="numbers")
reg = keras.Input((1,), dtype="int32", name="region")
e = layers.Flatten()(layers.Embedding(12, 4)(reg))
x = layers.Concatenate()([num, e])
for u in (32, 16):
    x = layers.Dense(u, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    x = layers.ReLU()(x)
x = layers.Dropout(0.2)(x)
model = keras.Model({"numbers": num, "region": reg}, layers.Dense(1, activation="sigmoid")(x))
model.compile(
    keras.optimizers.Adam(1e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
share = left[tr].mean()
print("share of leavers", round(float(share), 3))
h = model.fit(
    {"numbers": numbers[tr], "region": region[tr]},
    left[tr],
    batch_size=64,
    epochs=10,
    verbose=2,
    class_weight={0: 1.0, 1: 2.0},
    validation_data=({"numbers": numbers[va], "region": region[va]}, left[va]),
)
for k, v in h.history.items():
    print(k, np.round(v, 4).tolist())
