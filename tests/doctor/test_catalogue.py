"""What the report tells people to do and to read."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tlhelpers.core import paths
from tlhelpers.doctor.catalogue import TROUBLES
from tlhelpers.training.averaging import UpdateBatchNorm


@pytest.mark.parametrize("code", TROUBLES)
def test_the_page_that_it_names_is_there(code):
    found = list(paths.PROJECT.glob(f"notebooks/{TROUBLES[code].page}_*.ipynb"))
    assert len(found) == 1


def test_no_cure_names_a_page_by_number():
    """Pages move; the page of a trouble is a field of its own, and the test above follows it."""
    assert not [c for c, t in TROUBLES.items() if "page" in t.cure + t.cure_from_scratch]


@pytest.mark.parametrize("code", ["bn_averages_lag", "step_too_long"])
def test_a_cure_that_is_pasted_whole_trains_and_averages(code):
    x = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
    names = {"keras": keras, "np": np, "UpdateBatchNorm": UpdateBatchNorm, "x_train": x}
    names |= {"batch_size": 16, "rate": 1e-3, "callbacks": []}
    exec(TROUBLES[code].cure, names)
    layers = [keras.layers.BatchNormalization(), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile(names["adam"], "sparse_categorical_crossentropy")
    y = (x[:, 0] > 0).astype(int)
    past = model.fit(x, y, validation_data=(x, y), callbacks=names["callbacks"], verbose=0)
    assert names["adam"].use_ema and names["steps"] == 4
    last = past.history["val_loss"][-1]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(last, rel=1e-4)
