"""Temperature: against hand-worked values, and what it may never change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.measures import calibration


def sampled(n=4000, seed=0):
    """Answers of a network that is exactly as sure as it is right."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.02, 0.98, n)
    return np.stack([1 - p, p], axis=1), (rng.random(n) < p).astype(int)


def test_a_network_that_is_as_sure_as_right_has_temperature_one():
    assert calibration.temperature(*sampled()) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_logits_that_are_too_large_by_a_factor_are_found(factor):
    probabilities, labels = sampled()
    surer = calibration.at_temperature(probabilities, 1 / factor)
    assert calibration.temperature(surer, labels) == pytest.approx(factor, rel=0.06)


def test_by_hand():
    # Four alike answers, three of them right: sure as three in four is best. The logit is
    # log 99, and it should be log 3.
    probabilities = np.tile([[0.01, 0.99]], (4, 1))
    labels = np.array([1, 1, 1, 0])
    found = calibration.temperature(probabilities, labels)
    assert found == pytest.approx(np.log(99) / np.log(3), rel=1e-3)
    cooled = calibration.at_temperature(probabilities, found)
    assert cooled[0] == pytest.approx([0.25, 0.75], abs=1e-3)
    assert calibration.image_nll(cooled, labels).mean() == pytest.approx(
        -(3 * np.log(0.75) + np.log(0.25)) / 4, abs=1e-6
    )


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), value=st.floats(0.1, 10), classes=st.integers(2, 8))
def test_the_order_of_answers_stays_and_they_sum_to_one(seed, value, classes):
    p = np.random.default_rng(seed).dirichlet(np.ones(classes), 20)
    after = calibration.at_temperature(p, value)
    assert after.sum(axis=1) == pytest.approx(np.ones(20))
    assert (after.argmax(axis=1) == p.argmax(axis=1)).all()
    labels = p.argmax(axis=1)
    fitted = calibration.at_temperature(p, calibration.temperature(p, labels))
    before, after = (calibration.image_nll(q, labels).mean() for q in (p, fitted))
    assert after <= before + 1e-6


def test_halves_keep_patients_together():
    groups = np.repeat(np.arange(50), 2)
    half = calibration.halves(np.zeros(100, int), groups)
    assert half.sum() == 50 and (half[::2] == half[1::2]).all()
    assert (half == calibration.halves(np.zeros(100, int), groups)).all()
    assert calibration.halves(np.zeros(9, int)).sum() == 4


def test_recalibration_takes_away_a_bias_and_a_temperature():
    """Probabilities that are too sure and lean to one class come back to what they were made of."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 3))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(3, p=p) for p in true])
    bent = np.exp(3 * logits + [2.0, 0.0, -1.0])
    bent /= bent.sum(axis=1, keepdims=True)
    best = calibration.image_nll(true, labels).mean()
    assert calibration.image_nll(bent, labels).mean() > best + 0.5
    back = calibration.recalibrated(bent, labels)
    assert back.sum(axis=1) == pytest.approx(1)
    assert calibration.image_nll(back, labels).mean() == pytest.approx(best, abs=0.01)


def test_recalibration_is_fitted_on_the_other_half():
    """Labels at random: fitted on themselves the biases would help; here they must hardly."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 40)
    even = np.full((40, 2), 0.5)
    after = calibration.image_nll(calibration.recalibrated(even, labels), labels).mean()
    assert after >= np.log(2) - 1e-3


def test_recalibration_of_classes_that_a_half_lacks_and_of_a_diverged_network():
    labels = np.array([0] * 9 + [1])
    p = np.full((10, 2), 0.5)
    assert np.isfinite(calibration.recalibrated(p, labels)).all()
    assert np.isnan(calibration.recalibrated(np.full((10, 2), np.nan), labels)).all()
