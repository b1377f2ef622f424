"""A climb, learned by heart or too sure."""

from dataclasses import replace

import numpy as np

from tests.doctor.rules.epochs_by_hand import CLIMBS, SMOOTH, epochs, seen
from tlhelpers.doctor.rules import judge
from tlhelpers.doctor.rules.climbs import climbing


def test_a_climb_that_a_temperature_takes_away_is_overconfidence():
    read = seen(epochs(CLIMBS, recalibrated=SMOOTH, averaged=CLIMBS))
    found = climbing(read)
    assert found.code == "overconfidence" and found.share > 0.9
    assert "accuracy stays at 0.8" in found.evidence
    falls = epochs(CLIMBS, accuracy=np.linspace(0.8, 0.77, 10), recalibrated=SMOOTH)
    assert "accuracy only falls to 0.77" in climbing(seen(falls)).evidence


def test_a_climb_that_stays_is_overfitting():
    accuracy = np.linspace(0.85, 0.7, 10)
    found = climbing(seen(epochs(CLIMBS, accuracy=accuracy, recalibrated=CLIMBS)))
    assert found.code == "overfitting"


def test_learned_by_heart_is_overfitting_even_if_a_temperature_helps():
    read = epochs(CLIMBS, accuracy=0.6, recalibrated=SMOOTH)
    for one in read:
        one.logs["accuracy"] = 1.0
    found = climbing(seen(read))
    assert found.code == "overfitting" and found.share is None  # "explains 0 %" would be nonsense


def test_near_chance_a_small_climb_is_overfitting_if_everything_is_known_by_heart():
    """A hundred images, four classes: training accuracy 1, validation 0.41, loss 1.36 to 1.52."""
    small = np.r_[1.5, 1.4, np.linspace(1.36, 1.5, 8)]
    read = epochs(small, accuracy=0.5, recalibrated=SMOOTH)
    for one in read:
        one.logs["accuracy"] = 0.7
    assert climbing(seen(read, chance=0.25)) is None
    for one in read:
        one.logs["accuracy"] = 1.0
    assert climbing(seen(read, chance=0.25)).code == "overfitting"
    flat = epochs(np.linspace(1.5, 1.36, 10), accuracy=0.5, recalibrated=SMOOTH)
    assert climbing(seen(flat, chance=0.25)) is None


def test_a_climb_of_a_tenth_counts_where_training_is_well_ahead():
    """Healthy runs climb by as much only where training is behind, augmented or with dropout."""
    tenth = 0.5 * np.exp(np.r_[0.3, 0.15, np.linspace(0, 0.14, 8)])  # 0.13 once it is smoothed

    def code(training):
        read = epochs(tenth, accuracy=0.8, recalibrated=SMOOTH)
        for one in read:
            one.logs["accuracy"] = training
        return getattr(climbing(seen(read)), "code", None)

    assert code(0.95) == "overconfidence" and code(0.85) is None


def test_a_few_points_of_accuracy_are_no_overfitting_if_confidence_explains_the_climb():
    def code(end):
        accuracy = np.linspace(0.8, end, 10)
        return climbing(seen(epochs(CLIMBS, accuracy=accuracy, recalibrated=SMOOTH))).code

    assert code(0.77) == "overconfidence" and code(0.7) == "overfitting"


def test_a_climb_that_averaged_weights_do_not_have_is_no_climb():
    def codes(averaged):
        read = epochs(CLIMBS, recalibrated=CLIMBS, averaged=averaged)
        return [one.code for one in judge(seen(read, momenta=()), [], None, {})]

    assert "overfitting" in codes(CLIMBS) and "overfitting" not in codes(SMOOTH)


def test_a_climb_at_chance_is_no_overfitting():
    assert climbing(seen(epochs(CLIMBS, accuracy=0.4, recalibrated=CLIMBS))) is None


def test_a_climb_while_training_does_not_fall_is_no_climb_of_its_own():
    rising = np.linspace(0.9, 1.1, 10)
    assert climbing(seen(epochs(CLIMBS, recalibrated=SMOOTH, train=rising))) is None
    assert climbing(seen(epochs(CLIMBS, recalibrated=SMOOTH))) is not None
    spike = np.r_[np.linspace(1.0, 0.3, 9), 0.6]  # what was learned by heart before it still was
    assert climbing(seen(epochs(CLIMBS, recalibrated=SMOOTH, train=spike))) is not None


def test_a_climb_of_a_training_that_forgets_what_it_knew_is_no_climb_of_its_own():
    read = epochs(CLIMBS, recalibrated=CLIMBS, accuracy=0.8)

    def with_training(accuracy):
        return seen([replace(one, logs=one.logs | {"accuracy": a})
                     for one, a in zip(read, accuracy, strict=True)])  # fmt: skip

    assert climbing(with_training(np.linspace(0.7, 0.99, 10))).code == "overfitting"
    forgets = np.concatenate([np.linspace(0.9, 0.99, 4), np.linspace(0.98, 0.92, 6)])
    assert climbing(with_training(forgets)) is None


def test_training_images_known_by_heart_need_no_climb():
    def code(train, validation, **more):
        read = epochs(SMOOTH, accuracy=validation, recalibrated=SMOOTH)
        for one in read:
            one.logs["accuracy"] = train
        return [d.code for d in judge(seen(read, **more), [], None, {})]

    assert code(1.0, 0.55) == ["overfitting"]
    assert code(1.0, 0.75) == [] and code(0.9, 0.45) == []
    assert code(1.0, 0.42) == []  # next to chance: then something else is wrong
