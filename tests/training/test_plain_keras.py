"""Plain Keras that readers copy from the pages, where it is not a program of a recipe."""

import re

import jupytext
import numpy as np
import pytest

from tlhelpers.core import paths
from tlhelpers.core.quiet import keras


@pytest.mark.parametrize(
    ("swap_first", "restore", "early", "averaged"),
    [
        (True, True, True, True),
        (False, True, True, False),
        (True, False, True, False),
        (False, False, True, False),
        # Nothing stops early.
        (True, True, False, True),
        (False, True, False, False),
        (True, False, False, True),
    ],
)
def test_early_stopping_restores_behind_the_swap(swap_first, restore, early, averaged):
    """What page 07 says of it: in another arrangement the averaged weights are lost."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.5, use_ema=True, ema_momentum=0.5), loss="mse")
    scored = []  # the weights that each validation sees: the averaged ones

    class Keep(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            scored.append(self.model.layers[-1].kernel.numpy().copy())

    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=2 if early else 99, restore_best_weights=restore
    )
    pair = [swap, stop] if swap_first else [stop, swap]
    x = np.random.default_rng(0).normal(size=(32, 3))
    y = x @ [[4.0], [8.0], [12.0]]
    history = model.fit(
        x, y, epochs=20, verbose=0, validation_data=(x, y / 2), callbacks=[Keep(), *pair]
    )
    losses = history.history["val_loss"]
    assert 0 < np.argmin(losses) < len(losses) - 1  # past the first epoch, and not the last
    assert (len(losses) < 20) == early
    wanted = scored[int(np.argmin(losses)) if restore else -1]
    assert np.allclose(model.layers[-1].kernel, wanted, atol=1e-5) == averaged


@pytest.fixture(scope="module")
def fresh():
    """Page 04's `fresh_evaluate`, and a small network whose averages lag: two epochs are few."""
    cells = jupytext.read(paths.NOTEBOOKS / "src" / "04_batchnorm_lags.py").cells
    (code,) = (cell.source for cell in cells if "def fresh_evaluate" in cell.source)
    space = {"keras": keras, "np": np}
    exec(code, space)
    keras.utils.set_random_seed(0)
    base = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    model = keras.Sequential([base, keras.layers.Dense(2, "softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (64, 8, 8, 3)).astype("f4")
    y = np.eye(2)[rng.integers(0, 2, 64)]
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    return space["fresh_evaluate"], model, base.layers[1], x, y


def test_fresh_evaluate_puts_everything_back(fresh):
    evaluate, model, layer, x, y = fresh
    before, momentum = model.get_weights(), layer.momentum
    plain = model.evaluate(x, y, verbose=0)
    assert abs(evaluate(model, x, x, y)[0] - plain[0]) > 1e-3  # other statistics were used
    assert layer.momentum == momentum
    assert all(map(np.array_equal, before, model.get_weights()))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(plain)


def test_fresh_evaluate_measures_what_training_mode_uses(fresh):
    """One batch of all images: its own statistics are the fresh ones."""
    evaluate, model, _, x, y = fresh
    before = model.get_weights()
    own = np.array(model(x, training=True))
    model.set_weights(before)
    nll = -np.log((own * y).sum(axis=1)).mean()
    assert evaluate(model, x, x, y, batch_size=64)[0] == pytest.approx(nll, rel=1e-4)


def test_fresh_evaluate_counts_each_batch_alike(fresh):
    """Two halves: the mean of their means is that of the whole."""
    evaluate, model, layer, x, y = fresh
    seen = []
    for size in (64, 32):
        original = model.evaluate
        model.evaluate = lambda *a, **k: seen.append(np.array(layer.moving_mean))
        try:
            evaluate(model, x, x, y, batch_size=size)
        finally:
            model.evaluate = original
    assert np.allclose(*seen, rtol=1e-4)


def test_no_page_calls_a_program_tested_that_is_not():
    """Whole programs come from references; typed Python in prose stays short."""
    for source in sorted((paths.NOTEBOOKS / "src").glob("*.py")):
        for cell in jupytext.read(source).cells:
            if cell.cell_type == "markdown" and "solution" not in cell.metadata.get("tags", []):
                for block in re.findall(r"```python\n(.*?)```", cell.source, re.S):
                    assert "{{" in block or block.count("\n") <= 15, (source.stem, block)
