"""Splits: whole groups, the numbers asked for, the same again with the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Dataset
from tlhelpers.data.splits import shared_groups, split_by_group, split_fellows


def dataset(groups, grades):
    """Images whose first pixel tells their position."""
    n = len(groups)
    images = np.zeros((n, 1, 1, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(n) % 256
    images[:, 0, 0, 1] = np.arange(n) // 256
    grades = np.asarray(grades, np.int64)
    labels = (grades >= 1).astype(np.int64)
    return Dataset(images, labels, np.asarray(groups, np.int64), grades, ("no", "yes"))


def positions(side):
    return side.images[:, 0, 0, 0].astype(int) + 256 * side.images[:, 0, 0, 1].astype(int)


@st.composite
def datasets(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=8, max_size=60))
    groups = np.repeat(draw(st.permutations(range(len(sizes)))), sizes)
    grades = draw(st.lists(st.integers(0, 4), min_size=len(groups), max_size=len(groups)))
    return dataset(draw(st.permutations(list(groups))), grades)


def patients(n=2000, share=0.25, seed=0):
    """Two eyes a patient, that mostly agree."""
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < share
    grades = np.repeat(ill * rng.integers(1, 5, n), 2) * (rng.random(2 * n) < 0.9)
    return dataset(np.repeat(np.arange(n), 2), grades)


@settings(max_examples=80)
@given(data=datasets(), seed=st.integers(0, 2**32), want=st.data())
def test_group_split_keeps_its_promises(data, seed, want):
    most = len(data) - 4  # Whole groups of up to 4: validation may take 3 more than asked.
    validation = want.draw(st.integers(1, most))
    room = most - validation
    train = want.draw(st.none() | st.integers(1, room)) if room else None
    split = split_by_group(data, validation, seed, train)

    assert shared_groups(split) == 0
    taken = np.concatenate([positions(split.train), positions(split.validation)])
    assert len(np.unique(taken)) == len(taken)
    assert validation <= len(split.validation) <= validation + 3
    if train is None:
        assert len(taken) == len(data)
    else:
        assert train <= len(split.train) <= train + 3
    for side in (split.train, split.validation):
        assert set(np.flatnonzero(np.isin(data.groups, side.groups))) == set(positions(side))
        assert np.array_equal(data.labels[positions(side)], side.labels)
    assert split.fingerprint() == split_by_group(data, validation, seed, train).fingerprint()


@settings(max_examples=30)
@given(data=datasets(), seed=st.integers(0, 2**32), share=st.floats(0.1, 0.6))
def test_a_share_is_a_share_of_the_images(data, seed, share):
    split = split_by_group(data, share, seed)
    wanted = round(share * len(data))
    assert wanted <= len(split.validation) <= wanted + 3


def test_class_and_grade_shares_agree():
    data = patients()
    for seed in range(5):
        split = split_by_group(data, 600, seed, train=1200)
        for side in (split.train, split.validation):
            # An unstratified draw of 300 patients strays by 0.025 (one standard error).
            assert abs(side.shares[1] - data.shares[1]) < 0.015
            shares = np.bincount(side.grades, minlength=5) / len(side)
            assert np.abs(shares - np.bincount(data.grades, minlength=5) / len(data)).max() < 0.015


def test_seeds_differ_and_every_group_gets_its_turn():
    data = dataset(np.arange(40), [4] + [0] * 39)
    held_out = [positions(split_by_group(data, 0.25, seed).validation) for seed in range(400)]
    assert len({tuple(side) for side in held_out}) > 390
    times = np.bincount(np.concatenate(held_out), minlength=40)
    assert times.min() > 60 and times.max() < 140  # 100 expected, also for the lone grade 4.


def test_a_smaller_training_set_is_part_of_a_larger_one():
    data = patients(300)
    small = split_by_group(data, 100, 7, train=50)
    large = split_by_group(data, 100, 7, train=200)
    assert np.array_equal(positions(small.validation), positions(large.validation))
    assert set(positions(small.train)) < set(positions(large.train))


@pytest.mark.parametrize(
    ("validation", "train"),
    [(0, None), (-1, None), (400, None), (200, 201), (1.0, None), (0.0, None), (1.5, 10),
     (0.0001, None), (10, 0), (10, -5), (float("nan"), None)],
)  # fmt: skip
def test_impossible_requests_are_refused_in_one_line(validation, train):
    with pytest.raises(CourseError) as refused:
        split_by_group(patients(200), validation, 0, train)
    assert "\n" not in str(refused.value)


def test_whole_groups_can_be_too_large():
    data = dataset([0, 0, 0, 1, 1, 1], [0] * 6)
    assert len(split_by_group(data, 3, 0).train) == 3
    with pytest.raises(CourseError, match="whole groups"):
        split_by_group(data, 2, 0, train=4)
    with pytest.raises(CourseError, match="whole groups"):
        split_by_group(data, 4, 0)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_fellows_leak_as_asked_and_nothing_else_changes(share):
    data = patients()
    split = split_fellows(data, 800, 1, 800, share)
    honest = split_fellows(data, 800, 1, 800, 0.0)
    assert positions(split.validation).tolist() == positions(honest.validation).tolist()
    assert len(split.train) == len(split.validation) == 800
    assert len(np.unique(split.validation.groups)) == 800
    assert shared_groups(split) == round(share * 800)
    taken = np.concatenate([positions(split.train), positions(split.validation)])
    assert len(np.unique(taken)) == 1600
    assert abs(split.train.shares[1] - honest.train.shares[1]) < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((800, 1, 800, 1.2), "share=1.2"),
        ((800, 1, 500, 0.8), "640 fellows do not fit into 500 training images"),
        ((1800, 1, 800, 0.0), "cannot be had from 2,000 groups: ask for fewer"),
    ],
)
def test_fellows_that_cannot_be_had(arguments, message):
    with pytest.raises(CourseError, match=message):
        split_fellows(patients(), *arguments)


def test_fellows_need_pairs():
    with pytest.raises(CourseError, match="needs two images in each group"):
        split_fellows(dataset([0, 0, 1, 1, 1], [0, 0, 1, 1, 1]), 1, 0, 1, 0.0)


def test_the_retinopathy_case_with_and_without_a_leak():
    from tlhelpers.experiment.cases import case

    honest, leaky = (case("retinopathy", "smoke", fellow_eyes=share) for share in (0.0, 0.8))
    assert len({case("retinopathy", "smoke").spec, honest.spec, leaky.spec}) == 3
    assert "80 % of them with the other in training" in leaky.data_words
    assert (honest.split.validation.images == leaky.split.validation.images).all()
    assert shared_groups(honest.split) == 0
    assert shared_groups(leaky.split) == round(0.8 * 48)
    assert shared_groups(case("retinopathy", "smoke").split) == 0
