"""Labels whose shares, order and weights are known."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.doctor.checks.labels import batch_order, class_weights, sorted_split, sorted_targets

RNG = np.random.default_rng(0)


def test_classes_missing_in_validation():
    labels = np.repeat(np.arange(5), 40)
    assert sorted_split(labels[:160], labels[160:], 5).code == ("validation_split_of_sorted_data")
    mixed = RNG.permutation(labels)
    assert sorted_split(mixed[:160], mixed[160:], 5) is None
    # Imbalanced training and balanced validation is a choice, no accident.
    assert sorted_split(np.repeat([0, 1], [180, 20]), np.repeat([0, 1], 40), 2) is None


def test_targets_that_were_sorted_before_the_split():
    prices = np.sort(RNG.lognormal(5, 0.5, 200))
    found = sorted_targets(prices[:160], prices[160:])
    assert found.code == "validation_split_of_sorted_data" and found.share == 1
    mixed = RNG.permutation(prices)
    assert sorted_targets(mixed[:160], mixed[160:]) is None
    # A drift over time, as a forecast has it, is no sorted table.
    drifting = np.linspace(0, 1, 200) + RNG.normal(0, 0.5, 200)
    assert sorted_targets(drifting[:160], drifting[160:]) is None
    assert sorted_targets(prices[:15], prices[160:]) is None


def test_batches_of_one_class_are_found_and_shuffled_ones_are_not():
    labels, sizes = np.repeat(np.arange(4), 100), (25,) * 16
    found = batch_order(labels, sizes, 4)
    assert found.code == "training_order" and found.share == pytest.approx(1, abs=0.05)
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(labels)
        assert batch_order(mixed, sizes, 4) is None


def test_a_shuffle_buffer_that_is_too_small_is_found():
    rng, labels, buffer, out = np.random.default_rng(0), np.repeat(np.arange(4), 200), [], []
    for label in labels:
        buffer.append(label)
        if len(buffer) > 64:
            out.append(buffer.pop(rng.integers(len(buffer))))
    out += [buffer.pop(rng.integers(len(buffer))) for _ in range(len(buffer))]
    assert batch_order(np.array(out), (16,) * 50, 4).code == "training_order"


def test_rare_classes_and_small_batches_are_no_order():
    for seed in range(20):
        labels = np.random.default_rng(seed).choice(5, 800, p=[0.6, 0.3, 0.06, 0.03, 0.01])
        assert batch_order(labels, (8,) * 100, 5) is None


def test_class_weights_are_worth_so_many_images():
    labels = np.repeat([0, 1], [990, 10])
    found = class_weights({0: 1.0, 1: 99.0}, labels, 32)
    # (990 + 990)² / (990 + 10 · 99²) / 1000 = 0.0396 of 32 images
    assert found.code == "class_weights_extreme" and "1.3 equally weighted" in found.evidence
    assert class_weights({0: 1.0, 1: 3.0}, labels, 32) is None
    assert class_weights(None, labels, 32) is None
    weighted = np.where(labels, 99.0, 1.0)
    assert class_weights(None, labels, 32, weighted).code == "class_weights_extreme"


def test_the_evidence_names_the_side_where_classes_are_missing():
    sorted_labels = np.repeat(np.arange(5), 40)
    only_last = sorted_split(sorted_labels, sorted_labels[160:], 5)
    assert "4 classes of training are missing in validation." in only_last.evidence
    unseen = sorted_split(sorted_labels[:160], sorted_labels[160:], 5)
    assert "1 class of validation is missing in training." in unseen.evidence
