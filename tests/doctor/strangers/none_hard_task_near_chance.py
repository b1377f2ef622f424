"""CODE: none
Will the next bar of the price go up?  Accuracy 0.54 and no more, training and validation alike; loss hardly moves below ln 2.
My colleagues say the network is broken.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

T, W = 9000, 16
eps = rng.standard_t(5, T)
ret = np.zeros(T)
vol = 1.0
for t in range(1, T):
    vol = 0.05 + 0.9 * vol + 0.05 * abs(ret[t - 1])
    ret[t] = vol * (eps[t] * 0.8) - 0.16 * ret[t - 1]
ret = ret / ret[:6000].std()

X = np.lib.stride_tricks.sliding_window_view(ret, W)[:-1].astype("float32")
y = (ret[W:] > 0).astype("float32")
cut = 6500
X_tr, y_tr = X[:cut], y[:cut]
X_va, y_va = X[cut + W :], y[cut + W :]  # a gap, so that no window reaches across

inp = keras.Input((W,))
z = keras.layers.Reshape((W, 1))(inp)
z = keras.layers.Conv1D(8, 4, padding="causal", activation="tanh")(z)
z = keras.layers.Flatten()(z)
z = keras.layers.Dropout(0.3)(z)
z = keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=keras.regularizers.L2(1e-3))(z)
m = keras.Model(inp, z)
m.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
h = m.fit(X_tr, y_tr, batch_size=64, epochs=12, validation_data=(X_va, y_va), verbose=0)
for k, v in h.history.items():
    print(k, np.round(v, 4).tolist())
