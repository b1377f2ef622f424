"""The recipes to copy: ordinary Keras, run as they stand on their pages, only smaller.

What is made smaller: images, epochs, and random weights in place of a download.
"""

import re
import types

import jupytext
import numpy as np
import pytest

from tlhelpers.core import paths
from tlhelpers.core.quiet import keras
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.fixes import fix
from tlhelpers.measures import stability
from tlhelpers.training import backbones
from tlhelpers.training import model as its

SMALLER = {"SIZE, CLASSES, EPOCHS, BATCH = 224": "SIZE, CLASSES, EPOCHS, BATCH = 32"}
SMALLER |= {'"imagenet"': "None"}
PAGES = {"retinopathy": "06_retinopathy_answer", "ferplus": "11_ferplus_answer"}
NAMES = {"retinopathy": "pictures", "ferplus": "faces"}
SHAPES = {"retinopathy": (32, 32, 3), "ferplus": (48, 48, 1)}


def blocks_of(page: str) -> list[str]:
    """The blocks of code in a page's text."""
    cells = jupytext.read(paths.NOTEBOOKS / "src" / f"{page}.py").cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(r"```python\n(.*?)```", prose, re.S)


def recipe_of(page: str) -> str:
    """The one block of code in a page's text that trains."""
    (found,) = (block for block in blocks_of(page) if "model.fit(" in block)
    return found


@pytest.fixture(scope="module", params=PAGES)
def copied(request):
    """Case name, and what the copied recipe leaves behind after two epochs."""
    name = request.param
    code = recipe_of(PAGES[name])
    for old, new in SMALLER.items():
        assert old in code
        code = code.replace(old, new)
    code, changed = re.subn(r"(EPOCHS, BATCH = 32, \d+), \d+, 32", r"\1, 2, 8", code)
    assert changed == 1
    assert "tlhelpers" not in code
    rng = np.random.default_rng(0)
    classes = len(case(name, "smoke").split.train.classes)
    space = {}
    for side, count in (("train", 16), ("validation", 8)):
        space[f"{side}_{NAMES[name]}"] = rng.integers(0, 256, (count, *SHAPES[name])).astype("f4")
        space[f"{side}_labels"] = np.eye(classes)[rng.integers(0, classes, count)]
    # The weights before training, taken where the recipe compiles.
    exec(code.replace("model.compile(", "first = model.get_weights()\nmodel.compile(", 1), space)
    return name, space


@pytest.mark.slow
def test_it_is_the_answer(copied):
    """The same network with the same frozen layers, rate, loss and averaging as was measured."""
    name, space = copied
    recipe = case(name, "full").answer
    ours = its.backbone_of(recipe, weights=None)
    base = space["base"]
    assert its.parameter_counts(base) == its.parameter_counts(ours)
    assert [layer.trainable for layer in base.layers] == [layer.trainable for layer in ours.layers]
    optimizer = space["model"].optimizer
    assert float(optimizer.learning_rate) == pytest.approx(recipe.learning_rate)
    assert optimizer.use_ema == bool(recipe.weight_average_epochs)
    if optimizer.use_ema:  # two steps an epoch here
        assert optimizer.ema_momentum == 1 - 1 / (2 * recipe.weight_average_epochs)
    assert space["model"].loss == recipe.loss


@pytest.mark.slow
def test_batchnorm_stands_still_and_the_rest_learns(copied):
    _, space = copied
    model = space["model"]
    moved = [
        not np.array_equal(a, b) for a, b in zip(space["first"], model.get_weights(), strict=True)
    ]
    batchnorm = {
        id(weight) for layer in backbones.batchnorm_layers(model) for weight in layer.weights
    }
    of_batchnorm = [id(weight) in batchnorm for weight in model.weights]
    assert any(of_batchnorm)
    assert not any(m for m, its_own in zip(moved, of_batchnorm, strict=True) if its_own)
    trainable = {id(weight) for weight in model.trainable_weights}
    kernels = [m for m, w in zip(moved, model.weights, strict=True) if id(w) in trainable]
    assert np.mean(kernels) > 0.9


@pytest.mark.slow
def test_what_was_validated_is_what_you_get(copied):
    """A validation loss of the history belongs to the weights that the model ends with."""
    name, space = copied
    losses = space["history"].history["val_loss"]
    data = space[f"validation_{NAMES[name]}"], space["validation_labels"]
    # The callback's swap adds and subtracts, which costs a few last digits.
    again = space["model"].evaluate(*data, verbose=0)[0]
    assert again == pytest.approx(min(losses), rel=1e-3)


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
    """What page 11 says of it: in another arrangement the averaged weights are lost."""
    from tlhelpers.core.quiet import keras

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


def test_the_schedule_to_copy_is_the_one_that_was_measured():
    """Page 04's block: the rates of the fix, step by step."""
    (block,) = (one for one in blocks_of("04_rate_and_schedule") if "CosineDecay" in one)
    recipe = fix("warmup-cosine").apply(case("ferplus").measured)
    base = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
    space = {"keras": keras, "base": base, "train_pictures": range(3000)}
    space |= {"highest": recipe.learning_rate, "epochs": recipe.epochs}
    exec(block[: block.index("model.compile(")], space)
    assert not base.layers[0].trainable
    ours = its._optimizer(recipe, space["steps"])
    for step in (0, 10, space["steps"], 500, recipe.epochs * space["steps"]):
        ours.iterations.assign(step)
        assert float(space["rate"](step)) == pytest.approx(float(ours.learning_rate), abs=1e-9)


@pytest.fixture(scope="module")
def diagnosis():
    """What page 13's block leaves behind: fresh_loss, and a small network with live BatchNorm."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
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
    space = {"keras": keras, "np": np, "base": base, "model": model}
    space["train_pictures"] = rng.normal(3, 2, (64, 8, 8, 3)).astype("f4")
    space["train_labels"] = np.eye(2)[rng.integers(0, 2, 64)]
    # The same images, so that the fresh loss can be had in another way.
    space |= {f"validation_{name}": space[f"train_{name}"] for name in ("pictures", "labels")}
    space["jitter"] = stability.jitter
    code = "\n".join(blocks_of("13_your_own_run")[-2:])
    assert "def fresh_loss" in code and "model.fit(" in code
    exec(code.replace("range(10)", "range(2)"), space)
    return space


def test_the_diagnosis_puts_everything_back(diagnosis):
    model, layer = diagnosis["model"], diagnosis["base"].layers[1]
    before, momentum = model.get_weights(), layer.momentum
    lagging = np.array(layer.moving_mean)  # two epochs: far from what it is to become
    fresh = diagnosis["fresh_loss"](diagnosis["batches"], lambda: np.array(layer.moving_mean))
    assert np.abs(fresh - lagging).max() > 0.1
    assert layer.momentum == momentum
    assert all(map(np.array_equal, before, model.get_weights()))
    with pytest.raises(KeyboardInterrupt):
        diagnosis["fresh_loss"](diagnosis["batches"], interrupted)
    assert layer.momentum == momentum
    assert all(map(np.array_equal, before, model.get_weights()))


def interrupted():
    raise KeyboardInterrupt


def test_the_diagnosis_measures_what_training_mode_uses(diagnosis):
    """One batch of all images: its own statistics are the fresh ones."""
    model, images = diagnosis["model"], diagnosis["train_pictures"]
    before = model.get_weights()
    own = np.array(model(images, training=True))
    model.set_weights(before)
    image_nll = -np.log((own * diagnosis["train_labels"]).sum(axis=1))
    fresh = diagnosis["fresh_loss"]([images], diagnosis["evaluate"])
    assert fresh == pytest.approx(image_nll.mean(), rel=1e-4)


def test_the_diagnosis_counts_each_batch_alike(diagnosis):
    """Four quarters: the mean of their means is that of the whole."""
    layer, images = diagnosis["base"].layers[1], diagnosis["train_pictures"]
    means = [
        diagnosis["fresh_loss"](batches, lambda: np.array(layer.moving_mean))
        for batches in ([images], np.split(images, 4))
    ]
    assert means[0] == pytest.approx(means[1], rel=1e-4)


def test_the_diagnosis_says_if_nothing_can_lag(diagnosis):
    layer = diagnosis["base"].layers[1]
    layer.trainable = False
    try:
        with pytest.raises(AssertionError, match="no BatchNorm layer trains"):
            diagnosis["fresh_loss"](diagnosis["batches"], diagnosis["evaluate"])
    finally:
        layer.trainable = True


def test_the_diagnosis_finds_layers_in_models_inside_models(diagnosis):
    inner, base = diagnosis["base"].layers[1], diagnosis["base"]
    outer = keras.Sequential([keras.Sequential([base]), keras.layers.BatchNormalization()])
    assert diagnosis["live_batchnorm"](outer) == [inner, outer.layers[1]]


def test_the_diagnosis_says_if_a_layer_stands_still(diagnosis):
    """A subclassed layer keeps training=False (page 03)."""

    class Still(keras.layers.BatchNormalization):
        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=False, mask=mask)

    model = keras.Sequential([keras.Input((2,)), Still(name="still")])
    ask = types.FunctionType(diagnosis["fresh_loss"].__code__, {**diagnosis, "model": model})
    with pytest.raises(AssertionError, match="still stood still"):
        ask([np.ones((4, 2), "f4")], lambda: 0.0)
