"""Class weights by hand, and what they leave of a batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlhelpers.measures.class_weights import class_weights, effective_batch, log_prior

FERPLUS = np.array([10379, 7537, 3583, 3559, 2476, 195, 659, 170])  # plurality, training


def test_balanced_by_hand():
    # n / (classes * count): 4 / (2 * 3) and 4 / (2 * 1)
    assert class_weights("balanced", np.array([3, 1])) == pytest.approx([2 / 3, 2])


def test_inverse_root_by_hand():
    # 1/2 and 1, times 5 / (4 * 1/2 + 1 * 1)
    assert class_weights("inverse-root", np.array([4, 1])) == pytest.approx([5 / 6, 5 / 3])


def test_effective_number_by_hand():
    # E = (1 - beta**n) / (1 - beta): 1 for one image, 1.999 for two; weights 1 / E
    one, two = class_weights("effective-number", np.array([1, 2]))
    assert one / two == pytest.approx(1.999)


@pytest.mark.parametrize(
    ("kind", "span", "left"),
    [("balanced", 61, 5.1), ("effective-number", 6.6, 24.9), ("inverse-root", 7.8, 23.6)],
)
def test_ferplus_as_in_the_literature_of_the_project(kind, span, left):
    """Worked out independently, for counts that differed by a few images."""
    weights = class_weights(kind, FERPLUS)
    assert weights.max() / weights.min() == pytest.approx(span, rel=0.05)
    assert effective_batch(weights, FERPLUS, 32) == pytest.approx(left, rel=0.05)


counts = st.lists(st.integers(1, 10_000), min_size=2, max_size=10).map(np.array)


@given(counts, st.sampled_from(["balanced", "inverse-root", "effective-number"]))
def test_mean_weight_is_one_and_rare_classes_weigh_more(counts, kind):
    weights = class_weights(kind, counts)
    assert (weights * counts).sum() == pytest.approx(counts.sum())
    order = np.argsort(counts, kind="stable")
    assert (np.diff(weights[order]) <= 1e-9).all()
    assert 0 < effective_batch(weights, counts, 32) <= 32 + 1e-9


def test_equal_weights_leave_the_batch_whole():
    assert effective_batch(np.ones(3), np.array([5, 6, 7]), 32) == pytest.approx(32)


def test_an_empty_class_gives_no_infinity():
    for kind in ("balanced", "inverse-root", "effective-number"):
        assert np.isfinite(class_weights(kind, np.array([10, 0]))).all()
    assert np.isfinite(log_prior(np.array([10, 0]))).all()
    assert log_prior(np.array([3, 1])) == pytest.approx(np.log([0.75, 0.25]))
