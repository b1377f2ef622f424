"""What curves mean: each rule on epochs made by hand, where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tlhelpers.doctor import rules
from tlhelpers.doctor.watch import Epoch
from tlhelpers.measures import stability

IMAGES = 400


def epochs(loss, seed=0, accuracy=0.8, train=None, **readings):
    """Epochs whose readings have these mean losses; each image has its own share of it."""
    rng = np.random.default_rng(seed)
    each = rng.gamma(2.0, 0.5, IMAGES)
    each /= each.mean()
    accuracy = np.broadcast_to(accuracy, len(loss))
    curves = {"as_validated": loss, **readings}
    right = np.arange(IMAGES) / IMAGES
    train = np.linspace(1.0, 0.3, len(loss)) if train is None else train
    return [
        Epoch(
            number=i + 1,
            logs={"loss": float(train[i]), "accuracy": 0.85},
            nll={name: each * curve[i] for name, curve in curves.items()},
            right={name: right < accuracy[i] for name in curves},
            choices=rng.integers(0, 3, IMAGES),
            step=0.001,
            largest=0.99,
            live=3,
        )
        for i in range(len(loss))
    ]


def seen(read, **more):
    values = {
        "epochs": read,
        "curves": rules.series(read),
        "batch": 32,
        "steps": 25,
        "momenta": (0.99,) * 3,
        "chance": 0.4,
        "classes": 3,
        "single": False,
        "float16": False,
        "uses_average": False,
        "complete": True,
    }
    return rules.Seen(**{**values, **more})


SPIKES = np.array([0.9, 0.7, 1.3, 0.6, 0.55, 1.2, 0.5, 0.9, 0.48, 0.45])
SMOOTH = np.linspace(0.9, 0.45, 10)
CLIMBS = np.array([0.9, 0.6, 0.5, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def test_spikes_that_fresh_statistics_take_away_are_lagging_averages():
    found = rules.batchnorm(seen(epochs(SPIKES, fresh=SMOOTH, averaged=SMOOTH)))
    assert found.code == "bn_averages_lag" and found.share > 0.95 and found.low > 0.2
    assert "1.20" in found.evidence  # the epoch in which the two readings are furthest apart


def test_averages_of_the_last_batches_have_their_own_name():
    found = rules.batchnorm(seen(epochs(SPIKES, fresh=SMOOTH), momenta=(0.1,)))
    assert found.code == "bn_averages_of_few_images" and "1.1 batches" in found.evidence


def test_averaged_weights_with_statistics_of_others_are_not_lag():
    found = rules.batchnorm(seen(epochs(SPIKES, fresh=SMOOTH), uses_average=True))
    assert found.code == "average_not_validated"


def test_a_level_that_is_too_high_is_lag_as_well():
    found = rules.batchnorm(seen(epochs(1.5 * SMOOTH, fresh=SMOOTH)))
    assert found.code == "bn_averages_lag"
    assert found.share == pytest.approx(1 / 3, abs=0.02)  # 1 - 1 / 1.5, of the loss


def test_spikes_that_stay_with_fresh_statistics_and_go_with_averages_are_a_long_step():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SMOOTH))
    assert rules.batchnorm(read) is None
    found = rules.step(read)
    assert found.code == "step_too_long" and found.share > 0.95


def test_spikes_that_nothing_takes_away_are_neither():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SPIKES))
    assert rules.batchnorm(read) is None and rules.step(read) is None


def test_a_steady_run_has_nothing():
    read = seen(epochs(SMOOTH, fresh=SMOOTH, averaged=SMOOTH, recalibrated=SMOOTH))
    judged = (rules.batchnorm, rules.step, rules.climbing, rules.stuck, rules.not_finite)
    assert [rule(read) for rule in judged] == [None] * 5


def test_a_climb_that_a_temperature_takes_away_is_overconfidence():
    read = seen(epochs(CLIMBS, recalibrated=SMOOTH, averaged=CLIMBS))
    found = rules.climbing(read)
    assert found.code == "overconfidence" and found.share > 0.9


def test_a_climb_that_stays_is_overfitting():
    accuracy = np.linspace(0.85, 0.7, 10)
    found = rules.climbing(seen(epochs(CLIMBS, accuracy=accuracy, recalibrated=CLIMBS)))
    assert found.code == "overfitting"


def test_learned_by_heart_is_overfitting_even_if_a_temperature_helps():
    read = epochs(CLIMBS, accuracy=0.6, recalibrated=SMOOTH)
    for one in read:
        one.logs["accuracy"] = 1.0
    found = rules.climbing(seen(read))
    assert found.code == "overfitting" and found.share is None  # "explains 0 %" would be nonsense


def test_a_climb_at_chance_is_no_overfitting():
    assert rules.climbing(seen(epochs(CLIMBS, accuracy=0.4, recalibrated=CLIMBS))) is None


def test_stuck_at_chance_needs_a_training_loss_that_does_not_fall():
    flat = np.full(10, 1.1)
    read = epochs(flat, accuracy=0.4, train=flat)
    for one in read:
        one.logs["accuracy"] = 0.4
    assert rules.stuck(seen(read)).code == "stuck_at_chance"
    assert rules.stuck(seen(epochs(flat, accuracy=0.4))) is None


def test_losses_that_are_no_numbers():
    read = epochs(SMOOTH)
    read[4] = replace(read[4], finite=False)
    assert rules.not_finite(seen(read)).code == "loss_not_finite"
    assert rules.not_finite(seen(read, float16=True)).code == "float16_overflow"
    read[3] = replace(read[3], step=0.3)
    assert rules.not_finite(seen(read)).code == "step_too_long"


def test_a_softmax_behind_a_softmax_is_never_sure():
    read = [replace(one, largest=0.57) for one in epochs(SMOOTH)]  # e / (e + 2) = 0.576
    assert rules.softmax_twice(seen(read)).code == "loss_wants_probabilities"
    assert rules.softmax_twice(seen(epochs(SMOOTH))) is None


def test_an_accuracy_that_is_not_that_of_the_predictions():
    read = epochs(SMOOTH)
    for one in read:
        one.logs.update(val_accuracy=0.6, val_loss=float(one.nll["as_validated"].mean()))
    found = rules.metric_disagrees(seen(read))
    assert found.code == "metric_threshold" and "0.60" in found.evidence
    for one in read:
        one.logs["val_accuracy"] = 0.8
    assert rules.metric_disagrees(seen(read)) is None


def test_labels_moved_by_some_places_are_found():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, IMAGES)
    choices = np.roll(labels, 7)
    right = {"as_validated": choices == labels}
    read = [replace(one, choices=choices, right=right) for one in epochs(SMOOTH)]
    found = rules.misordered(seen(read), labels)
    assert found.code == "label_order" and "by 7 places" in found.evidence


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
    assert rules.too_few(seen(noisy), 30).code == "too_few_validation_images"
    assert rules.too_few(seen(noisy), 3000) is None
    assert rules.too_few(seen(epochs(SPIKES)), 100) is None


def test_one_epoch_or_none_is_no_curve():
    assert rules.series(epochs(SMOOTH)[:1]) is None and rules.series([]) is None
    nothing = seen([], curves=None)
    judged = (rules.batchnorm, rules.step, rules.climbing, rules.stuck, rules.not_finite)
    assert [rule(nothing) for rule in judged] == [None] * 5


@settings(max_examples=100)
@given(arrays(float, st.integers(2, 12), elements=st.floats(-3, 3)))
def test_jitter_is_that_of_the_course(x):
    assert rules.jitter(x) == pytest.approx(stability.jitter(np.exp(x)), abs=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_noise_of_the_images_alone_is_no_trouble(seed):
    """Ten epochs of a network that stands still, read on fresh images each time."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(np.log(0.5), 0.02, 10))
    noisy = {name: level * np.exp(rng.normal(0, 0.01, 10)) for name in ("fresh", "averaged")}
    read = seen(epochs(level, seed, recalibrated=level, **noisy))
    judged = (rules.batchnorm, rules.step, rules.climbing)
    assert [rule(read) for rule in judged] == [None] * 3
