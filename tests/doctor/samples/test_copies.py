"""What a private copy cannot be made of, or must not change."""

import numpy as np
import pytest

from tests.doctor.samples.sources import Plain, X
from tlhelpers.doctor.samples import NotRead, read


def test_what_cannot_be_copied(tmp_path):
    class Holds(Plain):
        def __init__(self, thing):
            super().__init__()
            self.thing = thing

    with open(tmp_path / "file", "w", encoding="utf-8") as file:
        assert "TextIOWrapper" in read(Holds(file)).why
    stream = (index for index in range(3))
    assert "generator" in read(Holds(stream)).why
    assert next(stream) == 0
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "h5", "w") as file:
        assert "h5py" in read(Holds(file)).why


def test_shuffling_a_large_array_in_place_is_refused():
    class InPlace(Plain):
        def __init__(self):
            super().__init__()
            self.x = np.repeat(X, 80, axis=0)

        def on_epoch_end(self):
            np.random.shuffle(self.x)

    source = InPlace()
    before = source.x.copy()
    assert not isinstance(read(source), NotRead)
    assert "read-only" in read(source, passes=2).why
    np.testing.assert_array_equal(source.x, before)
    assert source.x.flags.writeable
