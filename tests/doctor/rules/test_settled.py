"""Nothing to see, or over."""

from dataclasses import replace

import numpy as np

from tests.doctor.rules.epochs_by_hand import SMOOTH, epochs, seen
from tlhelpers.doctor.rules.normalization import batchnorm
from tlhelpers.doctor.rules.settled import worth_naming
from tlhelpers.doctor.rules.steps import step

AT_FIRST = SMOOTH * np.r_[1, 1.6, 1, 1.6, 1, 1.6, 1, 1, 1, 1]
DECAYS = 0.01 * np.r_[1, 1, 1, 0.8, 0.6, 0.5, 0.4, 0.1, 0.05, 0.01]


def with_steps(read, lengths):
    return seen([replace(one, step=length) for one, length in zip(read, lengths, strict=True)])


def test_a_jump_while_the_rate_was_large_is_over_where_the_rate_was_taken_down():
    lag, long = epochs(AT_FIRST, fresh=SMOOTH), epochs(AT_FIRST, averaged=SMOOTH)
    assert batchnorm(with_steps(lag, DECAYS)) is None and step(with_steps(long, DECAYS)) is None
    # At the same rate a quiet end may be luck.
    assert batchnorm(seen(lag)).code == "bn_averages_lag"
    assert step(seen(long)).code == "step_too_long"


def test_a_trouble_that_stays_is_not_over():
    stays = SMOOTH * np.r_[1, 1.6, 1, 1.6, 1, 1.6, 1, 1, 1.6, 1]
    assert worth_naming(with_steps(epochs(stays, fresh=SMOOTH), DECAYS), "as_validated", "fresh")


def test_a_twentieth_of_what_the_curve_spans_is_the_least_that_one_sees():
    falls = np.r_[3.0, np.linspace(1.0, 0.0, 9) + 0.02]  # spans 1 without the first epoch
    for effect, there in ((0.04, False), (0.06, True)):
        read = seen(epochs(falls + effect * np.r_[0, 0, 0, 0, 0, 0, 0, 0, 1, 0], fresh=falls))
        assert worth_naming(read, "as_validated", "fresh") == there
