"""What is not read, and why: one sentence, and the source is untouched."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse

from tests.doctor.samples.sources import BATCH, Plain, X, Y
from tlhelpers.doctor.samples import NotRead, random_ops, read


def test_once_only_sources_are_untouched():
    def batches():
        for index in itertools.count():
            yield index, X[:BATCH], Y[:BATCH]

    generator, chained = batches(), zip(range(3), range(3), strict=True)
    for source in (generator, chained):
        found = read(source)
        assert "once only" in found.why and found.why.endswith(".")
    assert next(generator)[0] == 0 and next(chained) == (0, 0)


class Raises(Plain):
    def __getitem__(self, index):
        raise RuntimeError("no such image\nand more")


class Ragged(Plain):
    def __getitem__(self, index):
        return np.zeros((2, 8 + index, 8, 3)), np.zeros(2)


class Empty(Plain):
    def __len__(self):
        return 0


class Unequal(Plain):
    def __getitem__(self, index):
        return X[:4], Y[:3]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (None, "None is not"),
        ("folder/images", "is not a source"),
        (7, "type int"),
        (object(), "once only"),
        ((), "0 parts"),
        ((X, Y, Y, Y), "4 parts"),
        ((X, Y[:3]), "40 inputs and 3 labels"),
        ((X, "labels"), "no array"),
        ((np.array(["a", "b"]),), "holds text, not arrays of numbers"),
        ((np.array([["a"], ["b"]], dtype=object),), "holds text"),
        ((scipy.sparse.csr_array(np.eye(3)),), "holds csr_array objects"),
        ((np.zeros((0, 8, 8, 3)),), "empty"),
        ((np.float32(3.0),), "not batched"),
        ((None, Y), "no inputs"),
        (Raises(), "RuntimeError: no such image)"),
        (Ragged(), "different sizes"),
        (Empty(), "no images"),
        (Unequal(), "4 inputs and 3 labels"),
    ],
)
def test_bad_input_is_a_sentence(source, word):
    found = read(source)
    assert isinstance(found, NotRead) and word in found.why
    assert "\n" not in found.why and found.why.endswith(".")
    assert random_ops(source) is False


def test_nothing_is_imported_that_the_program_has_not():
    code = "import sys, tlhelpers.doctor.samples; print(*{'keras', 'tensorflow', 'torch', 'jax'}"
    code += " & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()
