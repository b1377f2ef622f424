"""CODE: validation_split_of_sorted_data
Four customer groups, one CSV per group, concatenated. Training accuracy 0.9 at once, but
val_accuracy stays at about 0 and val_loss only grows. Early stopping ends it after a few epochs.
"""

import sys
import numpy as np
import pandas as pd
import keras

keras.utils.set_random_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

centres = np.random.normal(0, 1.0, (4, 9))
cols = ["age", "visits", "basket", "returns", "clicks", "minutes", "coupons", "distance", "rating"]
frames = []
for group, size in zip("ABCD", (520, 460, 480, 360)):
    k = "ABCD".index(group)
    f = pd.DataFrame(np.random.normal(centres[k], 1.1, (size, 9)), columns=cols)
    f["minutes"] = np.exp(0.5 * f["minutes"])
    f["group"] = group
    frames.append(f)
df = pd.concat(frames, ignore_index=True)

X = df[cols]
X = ((X - X.mean()) / X.std()).to_numpy("float32")
Y = pd.get_dummies(df["group"]).to_numpy("float32")

inputs = keras.layers.Input(shape=(9,))
hidden = keras.layers.Dense(24, activation="relu", kernel_regularizer=keras.regularizers.l2(1e-4))(
    inputs
)
hidden = keras.layers.Dropout(0.25)(hidden)
hidden = keras.layers.Dense(12, activation="relu")(hidden)
outputs = keras.layers.Dense(4, activation="softmax")(hidden)
clf = keras.Model(inputs, outputs)
clf.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
log = clf.fit(
    X,
    Y,
    batch_size=32,
    epochs=15,
    validation_split=0.2,
    shuffle=True,
    verbose=2,
    callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=7)],
)
print(pd.DataFrame(log.history).round(3).to_string())
