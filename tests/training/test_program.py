"""The scripts that pages show: each trains what the trainer trains."""

from __future__ import annotations

import functools
import re

import jupytext
import keras
import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.analysis.study import study
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import LETTERS, case
from tlhelpers.experiment.fixes import FIXES
from tlhelpers.training import model as its
from tlhelpers.training import program
from tlhelpers.training.inputs import targets
from tlhelpers.training.trainer import Trainer

ANSWER = "weight-average-update-bn"
SHAPES = {"retinopathy": (2, 3), "ferplus": (8, 1)}  # classes, channels
TRIED = [
    (name, fix)
    for name in LETTERS
    for fix in (
        "posted",
        *(f.name for f in FIXES.values() if name in f.cases and f.works and f.change),
    )
]
SHOWN = {
    tuple(words.split())
    for page in (paths.NOTEBOOKS / "src").glob("*.py")
    for words in re.findall(r"\{\{(?:program|changes) (\w+ [\w-]+)\}\}", page.read_text("utf-8"))
}
ON_EACH_BACKEND = [each for each in TRIED if each in SHOWN]
# Compiling takes most of a minute on JAX: each night all of them, each time the two answers.
COMPILED = [
    pytest.param(*each, marks=() if each[1] == ANSWER else pytest.mark.nightly)
    for each in ON_EACH_BACKEND
]
# What a fix adds to a script is the same in both cases, but for what is frozen already.
_OF_BOTH = {fix for name, fix in TRIED if name == "retinopathy"} - {"frozen-batchnorm"}
# At the batch size of `small` the first is the recipe as posted; the second has another digit.
_NOTHING_NEW = {"batch-32", "momentum-0.999"}
ONCE = [
    (name, fix)
    for name, fix in TRIED
    if fix not in {*_NOTHING_NEW, ANSWER}
    and (name == "retinopathy" or fix not in _OF_BOTH or (name, fix) in SHOWN)
]


def changed(recipe, fix):
    return recipe if fix == "posted" else FIXES[fix].apply(recipe)


@functools.cache
def smoke(name):
    return case(name, "smoke")


@functools.cache
def trainer_of(name, architecture):
    """One network for all recipes that build the same."""
    return Trainer(architecture, few(name, architecture)[0], cache_frozen=False)


def small(name, fix):
    """One batch an epoch, one epoch, nothing random: both sides must do the same."""
    recipe = changed(smoke(name).measured, fix)
    still = {"dropout": (0.0,) * len(recipe.dropout), "horizontal_flip": False}
    longer = {"epochs": 2 if recipe.warmup_epochs else 1}
    head = {"head_epochs": min(1, recipe.head_epochs)}
    # Adam's first step goes by the signs of the gradients, so rounding turns a few weights around.
    # The shorter the step, the less that shows.
    scale = {"kernel_scale": max(recipe.kernel_scale, 1 / 2)}
    return recipe.but(batch_size=16, **still, **longer, **head, **scale)


def few(name, recipe):
    """16 training and 12 validation images, and the arrays that the script reads."""
    from tlhelpers.data.dataset import Split

    split = smoke(name).split
    split = Split(split.train.subset(np.arange(16)), split.validation.subset(np.arange(12)))
    eye = np.eye(SHAPES[name][0], dtype="float32")
    return split, {
        "x_train": split.train.images,
        "y_train": targets(recipe, split.train),
        "x_val": split.validation.images,
        "y_val": eye[split.validation.labels],
    }


def built(text, space):
    """Run a script up to where it trains; what is left of it."""
    start = text.index("history = model.fit(")
    exec(text[:start], space)
    return text[start:]


def same_optimizer(ours, theirs):
    a, b = ours.get_config(), theirs.get_config()
    assert type(ours) is type(theirs)
    for name in (
        "use_ema",
        *(["ema_momentum"] if a["use_ema"] else []),
        "global_clipnorm",
        "clipnorm",
        "clipvalue",
    ):
        assert a[name] == b[name], name
    for step in (0, 1):
        ours.iterations.assign(step)
        theirs.iterations.assign(step)
        assert float(ours.learning_rate) == pytest.approx(float(theirs.learning_rate), rel=1e-6)
    ours.iterations.assign(0)
    theirs.iterations.assign(0)


def trains_alike(name, fix):
    recipe = small(name, fix)
    split, space = few(name, recipe)
    trainer = trainer_of(name, recipe.architecture()).of(recipe, split)
    trainer.reset(0)
    network = trainer.network
    first = network.model.get_weights()

    text = program.program(recipe, *SHAPES[name])
    if recipe.head_epochs:  # the head's own fit is part of the script: it needs the same start
        at = text.index("# First the head alone")
        exec(text[:at], space)
        space["model"].set_weights(first)
        rest = built(text[at:], space)
    else:
        rest = built(text, space)
        space["model"].set_weights(first)
    model, base = space["model"], space["base"]

    assert its.parameter_counts(model) == its.parameter_counts(network.model)
    assert [layer.trainable for layer in base.layers] == [
        layer.trainable for layer in network.base.layers
    ]
    momenta = [
        [layer.momentum for layer in each.layers if hasattr(layer, "momentum")]
        for each in (base, network.base)
    ]
    assert momenta[0] == momenta[1]
    same_optimizer(model.optimizer, network.model.optimizer)

    exec(rest.replace("history = model.fit(", "history = model.fit(verbose=0, *[", 1).replace(
        "y_train, batch_size", "y_train], batch_size", 1), space)  # fmt: skip
    ours = trainer.run(0).history
    theirs = space["history"].history
    assert theirs["loss"] == pytest.approx(ours["loss"], rel=2e-4)
    # The callback measures outside of a compiled step. There JAX convolves with fewer digits on
    # some CPUs: statistics differ by 0.3 %, the predictions of one model by 0.03.
    rel = 3e-2 if recipe.batchnorm == "reestimated" else 1e-2
    assert theirs["val_loss"] == pytest.approx(ours["val_loss"], rel=rel)


@pytest.fixture
def eagerly():
    """One step does not pay for TensorFlow's tracing. What pages show is compiled below."""
    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fix"), ONCE)
def test_a_script_trains_what_the_trainer_trains(name, fix, eagerly):
    trains_alike(name, fix)


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize(("name", "fix"), COMPILED)
def test_what_a_page_shows_on_each_backend(name, fix):
    trains_alike(name, fix)


def test_pages_show_the_answers_and_what_was_asked():
    assert {(name, fix) for name in LETTERS for fix in ("posted", ANSWER)} <= SHOWN
    assert set(ON_EACH_BACKEND) == SHOWN


@pytest.mark.slow
@pytest.mark.parametrize("name", LETTERS)
def test_the_question_s_own_network(name):
    """At the post's own sizes: the post's parameter counts, and what trains."""
    recipe = LETTERS[name].but(image_size=64)
    recipe = recipe.but(pretrained_on="nothing")
    space = {}
    built(program.program(recipe, *SHAPES[name]), space)
    ours = its.backbone_of(recipe, weights=None)
    base = space["base"]
    assert its.parameter_counts(base) == its.parameter_counts(ours)
    assert [layer.trainable for layer in base.layers] == [layer.trainable for layer in ours.layers]
    if name == "retinopathy":
        counts = its.parameter_counts(space["model"])
        assert counts == {"total": 23_654_402, "trainable": 23_601_282, "not trainable": 53_120}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "variable", "name"),
    [("01_retina_spikes", "retina", "retinopathy"), ("02_faces_jump", "faces", "ferplus")],
)
def test_the_program_of_a_page_builds_what_was_measured(page, variable, name):
    cells = jupytext.read(paths.NOTEBOOKS / "src" / f"{page}.py").cells
    (code,) = (c.source for c in cells if "program" in c.metadata.get("tags", []))
    this = study(name)
    space = {"keras": keras, "tl": tl, "np": np, variable: this}
    exec(code, space)
    model, base = space["model"], space["base"]
    ours = Trainer(this.case.measured, this.case.split, cache_frozen=False).network
    assert its.parameter_counts(model) == its.parameter_counts(ours.model)
    trainable, momenta = (
        [[getattr(layer, what, None) for layer in each.layers] for each in (base, ours.base)]
        for what in ("trainable", "momentum")
    )
    assert trainable[0] == trainable[1] and momenta[0] == momenta[1]
    same_optimizer(model.optimizer, ours.model.optimizer)
    model.set_weights(ours.model.get_weights())
    x = space["x_val"][:40]
    assert np.allclose(
        model.predict(x, verbose=0), ours.model.predict(x, verbose=0), rtol=1e-3, atol=1e-5
    )
    assert model.loss == this.case.measured.loss


@pytest.mark.parametrize(("name", "fix"), TRIED)
def test_a_change_is_shown_in_the_lines_that_change(name, fix):
    before, after = LETTERS[name], changed(LETTERS[name], fix)
    if after == before:  # the post's own choice, where the rebuild has another
        with pytest.raises(CourseError, match="same script"):
            program.changes(before, after, *SHAPES[name])
        return
    shown = program.changes(before, after, *SHAPES[name])
    whole = program.program(after, *SHAPES[name])
    added = [line[1:] for line in shown.splitlines() if line.startswith("+") and line.strip("+ ")]
    assert all(line in whole.splitlines() for line in added)
    assert "tlhelpers" not in whole and len(shown.splitlines()) <= 25


def test_the_callback_is_shown_without_what_only_the_package_needs():
    text = program.update_batchnorm()
    assert '"""' not in text and "Any" not in text and "np." not in text
    space = {"keras": keras}
    exec(text, space)
    assert issubclass(space["UpdateBatchNorm"], keras.callbacks.Callback)


@pytest.mark.parametrize(
    ("rate", "words"), [(1e-4, "1e-4"), (1e-3, "1e-3"), (0.00025, "0.00025"), (0.5, "5e-1")]
)
def test_rates_as_people_write_them(rate, words):
    assert program._rate(rate) == words
