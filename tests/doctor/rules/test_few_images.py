"""So few validation images that their loss jumps by itself."""

import numpy as np

from tests.doctor.rules.epochs_by_hand import SPIKES, epochs, seen
from tlhelpers.doctor.rules.few_images import too_few
from tlhelpers.doctor.watch import Epoch


def test_few_images_are_named_only_where_they_explain_the_jumping():
    rng = np.random.default_rng(1)
    noisy = [
        Epoch(
            number=i + 1,
            logs={"loss": 0.5},
            nll={"as_validated": rng.gamma(0.3, 2.0, 30)},
            right={"as_validated": rng.random(30) < 0.7},
        )
        for i in range(10)
    ]
    assert too_few(seen(noisy), 30).code == "too_few_validation_images"
    assert too_few(seen(noisy), 3000) is None
    assert too_few(seen(epochs(SPIKES)), 100) is None
