"""All rules together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doctor.rules.epochs_by_hand import CLIMBS, SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.rules import judge
from tlhelpers.doctor.rules.climbs import climbing
from tlhelpers.doctor.rules.curves import series
from tlhelpers.doctor.rules.learning import stuck
from tlhelpers.doctor.rules.normalization import batchnorm
from tlhelpers.doctor.rules.outputs import not_finite
from tlhelpers.doctor.rules.steps import step


def test_a_steady_run_has_nothing():
    read = seen(epochs(SMOOTH, fresh=SMOOTH, averaged=SMOOTH, recalibrated=SMOOTH))
    judged = (batchnorm, step, climbing, stuck, not_finite)
    assert [rule(read) for rule in judged] == [None] * 5


def test_one_epoch_or_none_is_no_curve():
    assert series(epochs(SMOOTH)[:1]) is None and series([]) is None
    nothing = seen([], curves=None)
    judged = (batchnorm, step, climbing, stuck, not_finite)
    assert [rule(nothing) for rule in judged] == [None] * 5


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_noise_of_the_images_alone_is_no_trouble(seed):
    """Ten epochs of a network that stands still, read on fresh images each time."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(np.log(0.5), 0.02, 10))
    noisy = {name: level * np.exp(rng.normal(0, 0.01, 10)) for name in ("fresh", "averaged")}
    read = seen(epochs(level, seed, recalibrated=level, **noisy))
    judged = (batchnorm, step, climbing)
    assert [rule(read) for rule in judged] == [None] * 3


def codes(read, before=(), labels=None, facts=None):
    return [one.code for one in judge(read, before, labels, facts or {})]


def test_what_explains_most_of_the_jumping_comes_first():
    both = seen(epochs(SPIKES, fresh=0.5 * SMOOTH + 0.5 * SPIKES, averaged=SMOOTH))
    assert codes(both) == ["step_too_long", "bn_averages_lag"]
    # A setting that is wrong for certain comes before what is a matter of degree.
    by_setting = replace(both, momenta=(0.1,))
    assert codes(by_setting) == ["bn_averages_of_few_images", "step_too_long"]


def test_a_climb_and_a_long_step_are_named_by_what_they_cost():
    accuracy = np.linspace(0.85, 0.7, 10)
    wobbling = CLIMBS * np.exp(0.2 * (-1.0) ** np.arange(10))
    climbs = {"averaged": CLIMBS, "recalibrated": wobbling}
    small = seen(epochs(wobbling, accuracy=accuracy, **climbs))
    assert codes(small) == ["overfitting", "step_too_long"]
    high = 4 * wobbling  # at the end, averaging saves more than the average has lost
    large = seen(epochs(high, accuracy=accuracy, averaged=CLIMBS, recalibrated=high))
    assert codes(large) == ["step_too_long", "overfitting"]
    # An average that does not climb: the climb is what steps cost, and no trouble of its own.
    gone = seen(epochs(wobbling, accuracy=accuracy, averaged=SMOOTH, recalibrated=wobbling))
    assert codes(gone) == ["step_too_long"]


def test_what_was_found_before_training_comes_first_and_a_few_copies_last():
    jumps = seen(epochs(SPIKES, fresh=SMOOTH, averaged=SMOOTH))
    prepared, copies = found("validation_prepared_otherwise", "."), found("leak", ".", 0.1)
    assert codes(jumps, [copies, prepared]) == [prepared.code, "bn_averages_lag", "leak"]
    assert codes(jumps, [found("leak", ".", 0.5)]) == ["leak", "bn_averages_lag"]


def test_images_that_change_come_before_what_they_look_like():
    calm = seen(epochs(SMOOTH))
    before = [found("validation_prepared_otherwise", "."), found("validation_images_change", ".")]
    assert codes(calm, before) == ["validation_images_change", "validation_prepared_otherwise"]


def test_where_answers_change_by_chance_another_accuracy_is_no_trouble_of_the_metric():
    read = epochs(SMOOTH, accuracy=0.8)
    for one in read:
        one.logs.update(val_accuracy=0.6, val_loss=float(one.nll["as_validated"].mean()))
    calm = seen(read)
    assert codes(calm) == ["metric_threshold"]
    for code in ("training_flag_overridden", "validation_images_change"):
        assert codes(calm, [found(code, ".")]) == [code]


def test_nothing_learned_is_named_by_its_cause():
    flat = np.full(10, 1.1)
    read = epochs(flat, accuracy=0.4, train=flat)
    for one in read:
        one.logs["accuracy"] = 0.4
    assert codes(seen(read)) == ["stuck_at_chance"]
    assert codes(seen(read), facts={"reaches_first_kernel": 255}) == ["inputs_out_of_range"]
    long = [replace(one, step=0.3) for one in read]
    assert codes(seen(long)) == ["step_too_long"]
    # Where the data path has a fault, being stuck is its consequence.
    assert codes(seen(read), [found("training_order", ".")]) == ["training_order"]


def test_a_loss_that_keras_computed_right_is_not_blamed():
    """On TensorFlow, from_logits=True behind a softmax does nothing."""
    said = [found("loss_wants_probabilities", "The loss is told from_logits=True.")]
    read = epochs(SMOOTH)
    for one in read:
        one.logs["val_loss"] = float(one.nll["as_validated"].mean())
    assert judge(seen(read), said, None, {}) == ()
    for one in read:
        one.logs["val_loss"] *= 1.3
    assert judge(seen(read), said, None, {}) == tuple(said)


@pytest.mark.parametrize(
    ("judged", "loss", "others", "accuracy"),
    [
        (climbing, CLIMBS, {"recalibrated": SMOOTH}, 0.8),
        (climbing, CLIMBS, {"recalibrated": CLIMBS}, np.linspace(0.85, 0.7, 10)),
        (step, SPIKES, {"averaged": SMOOTH}, 0.8),
        (stuck, np.full(10, 1.1), {}, 0.4),
    ],
)
def test_numbers_that_keras_does_not_show_are_said_to_be_others(judged, loss, others, accuracy):
    """A reader lays the evidence beside the curve; one took measured numbers for wrong ones."""
    flat = np.full(10, 1.1)
    options = {"accuracy": accuracy, **others, **({"train": flat} if judged is stuck else {})}
    for fresh in (False, True):
        more = {"fresh": loss} if fresh else {}
        read = epochs(loss, **options, **more)
        for one in read:
            one.logs["accuracy"] = 0.4 if judged is stuck else 0.85
        evidence = judged(seen(read)).evidence
        assert ("with fresh statistics" in evidence) == fresh, evidence


def test_data_that_a_model_can_live_with_is_no_trouble():
    before = [found("loss_not_finite", "1 of 9 inputs holds NaN.")]
    assert codes(seen(epochs(SMOOTH)), before) == []
    broken = [replace(one, finite=False) for one in epochs(SMOOTH)]
    assert codes(seen(broken), before) == ["loss_not_finite"]
