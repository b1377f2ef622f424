"""What needs a GPU: the posted network at its own size."""

import numpy as np
import pytest

from tlhelpers import machine
from tlhelpers.cases import case
from tlhelpers.data import synthetic
from tlhelpers.data.splits import split_by_group


@pytest.mark.gpu
def test_posted_network_trains_on_the_gpu():
    import keras

    from tlhelpers.training import Trainer

    keras.backend.backend()  # the backend is imported now, so its devices can be asked for
    if machine.gpu() is None:
        pytest.skip("no GPU on this machine: nothing to test ResNet50 at 224 pixels on")
    posted = case("retinopathy", "full").posted.but(epochs=2, early_stopping_patience=None)
    split = split_by_group(synthetic.fundus(96, 224, seed=0), 64, seed=0)
    run = Trainer(posted, split, weights=None).run(0)
    assert np.isfinite(run.curve("val_nll")).all() and run.epochs == 2
