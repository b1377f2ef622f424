"""What the pages say of Keras, on the Keras that is installed, and that a fact can fail."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from tlhelpers.core import paths
from tlhelpers.core.quiet import keras
from tlhelpers.training.averaging import UpdateBatchNorm
from tlhelpers.training.keras_facts import averages, batchnorm, fact
from tlhelpers.training.keras_facts.all import FACTS

# These train several times, or build a large network.
LONG = {
    *("momenta-of-backbones", "doctor-of-the-healthy", "doctor-leaves-training-alone"),
    *("swap-before-stopping", "stopping-before-swap", "stopping-without-restoring"),
    *("update-batchnorm-leaves-training-alone", "checkpoint-saves-the-average"),
    *("best-weights-also-at-the-end", "clipnorm-is-for-each-variable", "macro-f1-can-be-watched"),
    *("training-loss-is-an-average", "until-then-fit-goes-on", "update-batchnorm-measures-them"),
    *("adam-moves-by-the-rate", "a-class-left-out-counts-one", "doctor-of-the-ill"),
}


def said_here(one):
    return one.backend in (None, keras.backend.backend())


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in FACTS],
)
def test_this_keras_does_what_the_pages_say(name):
    one = FACTS[name]
    if not said_here(one):
        pytest.skip(f"said of {one.backend} only")
    seen = fact.look(one)
    assert seen["holds"] is True, f"page {one.where}, {one.says}: {seen['found']}"


def test_long_ones_are_there():
    assert set(FACTS) >= LONG


def test_facts_name_pages_that_are_there():
    pages = {file.name[:2] for file in (paths.NOTEBOOKS / "src").glob("*.py")}
    for one in FACTS.values():
        assert set(re.findall(r"\d\d", one.where)) <= pages, one.name
        assert re.fullmatch(r"(\d\d|doctor|package)(, \d\d)*", one.where), one.name
        assert re.fullmatch(r"3\.\d+", one.since), one.name


def test_a_flag_that_freezes_would_be_seen(monkeypatch):
    """As if Keras honored training=False one day: the layer is frozen as well."""
    build = batchnorm.functional

    def honored(flag, nested):
        model = build(flag, nested)
        for layer in batchnorm.norms(model):
            layer.trainable = False
        return model

    monkeypatch.setattr(batchnorm, "functional", honored)
    assert not batchnorm.training_false_does_nothing().holds


def test_a_callback_that_measures_nothing_would_be_seen(monkeypatch):
    averages._updated.cache_clear()
    monkeypatch.setattr(UpdateBatchNorm, "_measure", lambda self: None)
    assert not averages.update_batchnorm_measures_them().holds
    averages._updated.cache_clear()


def test_what_looking_raises_is_an_answer():
    def broken():
        raise AttributeError("no such\nthing")

    seen = fact.look(fact.Fact("a", "04", "b", broken))
    assert seen["holds"] is None
    assert re.fullmatch(r"AttributeError: no such thing \(test_keras_facts.py:\d+\)", seen["found"])


def test_numbers_of_numpy_are_written_as_json():
    seen = fact.look(fact.Fact("a", "04", "b", lambda: fact.Seen(np.True_, "c")))
    assert json.loads(json.dumps(seen)) == {"name": "a", "holds": True, "found": "c"}


@pytest.mark.slow
def test_the_facts_need_numpy_and_keras_only():
    """As in the environments of the canary: nothing else of the course is imported."""
    code = (
        "import sys\n"
        "import tlhelpers.training.keras_facts.all\n"
        "import tlhelpers.doctor.callback\n"
        "more = {'scipy', 'pandas', 'matplotlib', 'sklearn', 'typer', 'tqdm', 'papermill'}\n"
        "print(*sorted(more & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Backends import some of them by themselves.
    brought = subprocess.run(
        [sys.executable, "-c", code.replace("tlhelpers.training.keras_facts.all", "keras")
         .replace("import tlhelpers.doctor.callback\n", "")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == brought.stdout
