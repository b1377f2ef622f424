"""Averaged weights with statistics of their own, in plain Keras, as a reader copies it."""

import functools

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.training.averaging import UpdateBatchNorm

pytestmark = pytest.mark.backend
layers = keras.layers


def network():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, name="first"),
            layers.BatchNormalization(momentum=0.9, name="live"),
            layers.ReLU(),
            layers.Dense(2, "softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def data(seed=0, n=96):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


class Watch(keras.callbacks.Callback):
    """What a callback at the end of the list sees: weights, statistics, the validation loss."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        weights = {w.path: keras.ops.convert_to_numpy(w).copy() for w in self.model.weights}
        self.seen.append((weights, logs["val_loss"]))


def fitted(*more, epochs=3):
    model, watch = network(), Watch()
    x, y = data()
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    history = model.fit(
        x,
        y,
        batch_size=16,
        epochs=epochs,
        shuffle=False,
        validation_data=data(1, 64),
        callbacks=[swap, *more, watch],
        verbose=0,
    ).history
    return model, watch.seen, history


@functools.cache
def without():
    return fitted()


@functools.cache
def with_it():
    return fitted(UpdateBatchNorm(data()[0]))


def by_hand(weights, x):
    """Mean and variance that the only BatchNorm layer has on these images, from its inputs."""
    kernel, bias = (next(v for k, v in weights.items() if k.endswith(f"first/{n}")) for n in
                    ("kernel", "bias"))  # fmt: skip
    batches = (x @ kernel + bias).reshape(-1, 32, 8)
    return batches.mean(axis=1).mean(axis=0), batches.var(axis=1).mean(axis=0)


def statistics(weights):
    return [next(v for k, v in weights.items() if k.endswith(f"live/moving_{n}"))
            for n in ("mean", "variance")]  # fmt: skip


def test_statistics_are_those_of_the_averaged_weights():
    x, _ = data()
    _, seen, _ = with_it()
    for weights, _ in seen:
        for found, wanted in zip(statistics(weights), by_hand(weights, x), strict=True):
            assert found == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_without_it_they_are_not():
    x, _ = data()
    _, seen, _ = without()
    assert not np.allclose(statistics(seen[0][0])[0], by_hand(seen[0][0], x)[0], atol=0.02)


def test_training_does_not_notice():
    plain, ours = without()[2], with_it()[2]
    assert ours["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    assert ours["val_loss"] != pytest.approx(plain["val_loss"], rel=1e-3)


def test_what_was_validated_is_what_is_saved_and_what_is_left(tmp_path):
    """The validation loss of an epoch belongs to the weights and statistics that callbacks save."""
    x, _ = data()
    kept = str(tmp_path / "{epoch}.weights.h5")
    saving = keras.callbacks.ModelCheckpoint(kept, save_weights_only=True)
    stopping = keras.callbacks.EarlyStopping(patience=99, restore_best_weights=True)
    model, seen, history = fitted(UpdateBatchNorm(x), saving, stopping, epochs=4)
    best = int(np.argmin(history["val_loss"]))
    for epoch, loss in enumerate(history["val_loss"]):
        again = network()
        again.load_weights(kept.format(epoch=epoch + 1))
        assert again.evaluate(*data(1, 64), verbose=0) == pytest.approx(loss, rel=1e-4)
    # EarlyStopping at the end of training brings the best epoch back.
    assert model.evaluate(*data(1, 64), verbose=0) == pytest.approx(
        history["val_loss"][best], rel=1e-4
    )


def test_frozen_layers_stay_as_they_are_and_momentum_comes_back():
    x, _ = data()
    model = network()
    model.get_layer("live").trainable = False
    model.compile(keras.optimizers.Adam(0.05, use_ema=True), "sparse_categorical_crossentropy")
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.get_layer("live").weights]
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    model.fit(*data(), validation_data=data(1), callbacks=[swap, UpdateBatchNorm(x)], verbose=0)
    after = [keras.ops.convert_to_numpy(v) for v in model.get_layer("live").weights]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    ours, _, _ = fitted(UpdateBatchNorm(x), epochs=1)
    assert ours.get_layer("live").momentum == 0.9


def test_alone_it_validates_the_weights_as_they_are_with_their_own_statistics():
    (x, y), (x_val, y_val) = data(), data(1, 64)
    pasts, seen = [], []
    for callbacks in ([], [UpdateBatchNorm(x)]):
        model, watch = network(), Watch()
        model.optimizer.use_ema = False
        model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
        past = model.fit(
            x, y, batch_size=16, epochs=3, shuffle=False, validation_data=(x_val, y_val),
            callbacks=[*callbacks, watch], verbose=0,
        )  # fmt: skip
        pasts.append(past.history)
        seen.append(watch.seen)
    # Training is the same, step for step; what is validated is not.
    np.testing.assert_allclose(pasts[0]["loss"], pasts[1]["loss"], rtol=1e-6)
    assert not np.allclose(pasts[0]["val_loss"], pasts[1]["val_loss"], rtol=1e-2)
    for weights, _ in seen[1]:
        for found, wanted in zip(statistics(weights), by_hand(weights, x), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-5)
    model.set_weights(list(seen[1][-1][0].values()))
    assert model.evaluate(x_val, y_val, verbose=0) == pytest.approx(seen[1][-1][1], rel=1e-4)


def test_a_second_fit_begins_with_the_statistics_that_its_model_has():
    """Two stages with one list of callbacks: what trains changes, or the model does."""
    x, _ = data()
    ours = UpdateBatchNorm(x)
    model, _, _ = fitted(ours)
    stem = layers.BatchNormalization(name="stem")
    longer = keras.Sequential([keras.Input((6,)), stem, model])
    longer.compile("sgd", "sparse_categorical_crossentropy")  # one layer more than before
    longer.fit(*data(), epochs=2, validation_data=data(1), callbacks=[ours], verbose=0)

    begun = []

    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.append([keras.ops.convert_to_numpy(v).copy() for v in norm.weights])

    other = network()
    norm = other.get_layer("live")
    fresh = [keras.ops.convert_to_numpy(v).copy() for v in norm.weights]
    other.fit(*data(), validation_data=data(1), callbacks=[ours, Look()], verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(fresh, begun[0], strict=True))


def test_an_interruption_leaves_the_momentum_as_it_was(monkeypatch):
    x, _ = data()
    model, _, _ = fitted()
    ours = UpdateBatchNorm(x)
    ours.set_model(model)

    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(model), "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ours.on_test_begin()
    assert model.get_layer("live").momentum == 0.9
