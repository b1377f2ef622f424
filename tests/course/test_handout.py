"""The handout: its code runs, and comes from the pages."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from tlhelpers.cli import app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import handout, outline
from tlhelpers.data import stripes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    target = tmp_path_factory.mktemp("handout") / "handout.html"
    done = CliRunner().invoke(app, ["handout", "--out", str(target)], catch_exceptions=False)
    assert done.exit_code == 0 and str(target) in done.output
    return target


def code_of(text: str) -> list[str]:
    return [html.unescape(block) for block in re.findall(r"<pre.*?><code>(.*?)</code>", text, re.S)]


@pytest.fixture(scope="module")
def ran(made):
    """What the handout's code leaves, run from top to bottom in a stranger's training."""
    from tlhelpers.core.quiet import keras
    from tlhelpers.training.averaging import UpdateBatchNorm

    keras.utils.set_random_seed(0)
    x_train, y_train = stripes.images(128, seed=1)
    x_val, y_val = stripes.images(64, seed=2)
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 127.5, -1)])
    model.add(keras.layers.Conv2D(8, 3, 2, use_bias=False))
    model.add(keras.layers.BatchNormalization())
    model.add(keras.layers.ReLU())
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(stripes.CLASSES, "softmax"))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    one_hot = np.eye(stripes.CLASSES, dtype="float32")
    there = {
        **{"np": np, "keras": keras, "UpdateBatchNorm": UpdateBatchNorm, "model": model},
        **{"x_train": x_train, "y_train": one_hot[y_train]},
        **{"x_val": x_val, "y_val": one_hot[y_val]},
    }
    blocks = code_of(made.read_text(encoding="utf-8"))
    assert len(blocks) == 6
    for number, block in enumerate(blocks):
        exec(compile(block, f"block {number} of the handout", "exec"), there)
    return there


def test_the_tests_on_it_give_numbers(ran):
    assert abs(ran["first"] - ran["second"]) < 1e-4
    model, arrays = ran["model"], [ran[name] for name in ("x_train", "x_val", "y_val")]
    before = [weight.copy() for weight in model.get_weights()]
    (fresh, _), (plain, _) = ran["fresh_evaluate"](model, *arrays), model.evaluate(*arrays[1:])
    assert np.isfinite([fresh, plain]).all() and fresh != plain
    after = model.get_weights()
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    # The step is proportional to the rate.
    assert ran["step_length"](model, 2e-4) == pytest.approx(2 * ran["step_length"](model, 1e-4))


def test_the_temperature_on_it_makes_the_loss_no_worse_where_it_was_fitted(ran):
    p, labels, t = ran["p"][::2], ran["labels"][::2], ran["t"]
    assert ran["nll"](ran["softened"](p, t), labels) <= ran["nll"](ran["softened"](p, 1.0), labels)
    assert np.allclose(ran["probabilities"].sum(axis=1), 1, atol=1e-4)


def test_the_cure_on_it_trains_with_its_callbacks(ran):
    """The average was measured in each epoch, and EarlyStopping watches a number that exists."""
    swap, update = ran["callbacks"]
    history = ran["model"].history.history
    assert len(history["loss"]) == 10 and np.isfinite(history["val_loss"]).all()
    assert update.of_training is not None and swap.swap_on_epoch
    assert ran["stop"].monitor in history
    assert ran["adam"].use_ema and ran["adam"].ema_momentum == 1 - 1 / ran["steps"]


def test_code_is_that_of_the_pages(made):
    text = made.read_text(encoding="utf-8")
    assert "{{" not in text
    (page,) = paths.NOTEBOOKS.glob("04_*.ipynb")
    assert outline.function(page, "fresh_evaluate") in html.unescape(text)


def test_its_source_is_not_replaced():
    before = handout.source().read_bytes()
    with pytest.raises(CourseError, match="is what the handout is made from"):
        handout.write(handout.source().parent / ".." / "teach" / "handout.html")
    assert handout.source().read_bytes() == before


@pytest.mark.parametrize(
    ("there", "replaced"),
    [(None, True), ("", True), ("# Mine\n", False), ("<html><head></head></html>", False)],
)
def test_only_a_handout_is_replaced(there, replaced, tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "render", lambda text, notebooks: text)
    target = tmp_path / "README.md"
    if there is not None:
        target.write_text(there, encoding="utf-8")
    if not replaced:
        with pytest.raises(CourseError, match="README.md is no handout, and would be replaced"):
            handout.write(target)
        assert target.read_text(encoding="utf-8") == there
        return
    handout.write(target)
    first = target.read_text(encoding="utf-8")
    assert first.count('<meta name="generator" content="tlhelpers handout">') == 1
    handout.write(target)
    assert target.read_text(encoding="utf-8") == first


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{{page 04}}", "Cannot read the reference 'page 04'"),
        ("{{function 04}}", "Cannot read the reference"),
        ("{{code 77}}", "names no page: 77"),
        ("{{function 04 no_such}}", "defines no 'no_such'"),
    ],
)
def test_a_reference_that_names_nothing(reference, said):
    with pytest.raises(CourseError, match=said):
        handout.render(f"<p>{reference}</p>", paths.NOTEBOOKS)
