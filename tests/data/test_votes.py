"""Labels from votes: hand-worked cases, properties, and what the recorded figures say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tlhelpers.data import measured, votes
from tlhelpers.data.votes import COLUMNS, EMOTIONS, RULES

FIGURES = measured.ferplus()


def cast(**by_name):
    """One image's ten votes, by emotion."""
    assert set(by_name) <= set(COLUMNS)
    return [by_name.get(name, 0) for name in COLUMNS]


TABLE = np.array(
    [
        cast(neutral=4, sadness=1, anger=3, disgust=2),  # A plurality, no majority.
        cast(happiness=10),
        cast(neutral=5, happiness=5),  # A tie: the first. Half is no majority.
        cast(surprise=4, unknown=6),  # All votes for emotions, but "unknown" won.
        cast(NF=10),
        cast(fear=5, disgust=1, anger=1, sadness=1, surprise=1, neutral=1),
        cast(contempt=3, neutral=2, sadness=1, unknown=4),
    ]
)

# Votes 0 to 12 in each column, at least one in all.
TEN = arrays(np.int64, st.tuples(st.integers(1, 6), st.just(10)), elements=st.integers(0, 12))


def names(labels):
    return [EMOTIONS[label] for label in labels]


def test_plurality():
    labels, keep = votes.plurality(TABLE)
    assert names(labels[:4]) == ["neutral", "happiness", "neutral", "surprise"]
    assert names(labels[5:]) == ["fear", "contempt"]
    assert keep.tolist() == [True, True, True, True, False, True, True]


def test_majority():
    labels, keep = votes.majority(TABLE)
    # The last two have exactly half: 5 of 10 votes for emotions, 3 of 6.
    assert keep.tolist() == [False, True, False, True, False, False, False]
    assert names(labels[keep]) == ["happiness", "surprise"]


def test_clean_majority():
    labels, keep = votes.clean_majority(TABLE)
    # First: 4 of the 9 votes left. Fear is alone once single votes are dropped. Contempt has
    # 3 of 9, and "unknown" more than it.
    assert keep.tolist() == [False, True, False, False, False, True, False]
    assert names(labels[keep]) == ["happiness", "fear"]


def test_soft_labels():
    shares, keep = votes.soft_labels(TABLE)
    assert shares[0].tolist() == [0.4, 0, 0, 0.1, 0.3, 0.2, 0, 0]
    assert shares[3].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert shares[4].tolist() == [0] * 8 and not keep[4]
    assert shares[6, 7] == 0.5


def test_entropy():
    expected = [1.2798542, 0, np.log(2), 0, 0]
    assert votes.entropy(TABLE)[:5] == pytest.approx(expected)
    assert votes.entropy(np.ones((1, 8), int))[0] == pytest.approx(np.log(8))
    assert not np.signbit(votes.entropy(TABLE)).any()


def test_confusion():
    table = votes.confusion(TABLE)
    # Neutral images are the first and the third.
    assert table[0] == pytest.approx([0.45, 0.25, 0, 0.05, 0.15, 0.1, 0, 0])
    assert table[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert np.isnan(table[3:6]).all()


def test_ceiling_of_people_who_agree_is_one():
    found = votes.ceiling(np.diag(np.full(8, 10)))
    assert found.accuracy == 1
    assert found.recall.tolist() == [1] * 8


def test_ceiling_worked_by_hand():
    # 3 votes, shares 2/3 and 1/3: the label comes again with 2 or 3 of 3, 20/27. With shares
    # of a half in 2 votes it is the first unless both go to the second: 3/4.
    three = np.tile([2, 1, 0, 0, 0, 0, 0, 0], (2000, 1))
    two = np.tile([0, 1, 1, 0, 0, 0, 0, 0], (2000, 1))
    found = votes.ceiling(np.concatenate([three, two]), redraws=40)
    assert found.recall[0] == pytest.approx(20 / 27, abs=0.006)
    assert found.recall[1] == pytest.approx(3 / 4, abs=0.006)
    assert found.accuracy == pytest.approx((20 / 27 + 3 / 4) / 2, abs=0.005)
    assert np.isnan(found.recall[2:]).all()


def test_ceiling_counts_what_the_rule_keeps_and_repeats_with_its_seed():
    first, again, other = (votes.ceiling(TABLE, "plurality", seed=seed) for seed in (0, 0, 1))
    assert first.accuracy == again.accuracy != other.accuracy
    assert votes.ceiling(TABLE, "majority").accuracy > first.accuracy
    with pytest.raises(ValueError, match="'majority' keeps none"):
        votes.ceiling(TABLE[:1], "majority")


@pytest.mark.parametrize("shape", [(8,), (2, 9), (2, 8, 1)])
def test_votes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="must have shape"):
        votes.plurality(np.zeros(shape, int))


def test_clean_majority_needs_all_columns():
    with pytest.raises(ValueError, match=r"\(n, 10\)"):
        votes.clean_majority(TABLE[:, :8])


@given(TEN)
def test_each_rule_keeps_only_what_plurality_keeps_with_the_same_label(table):
    labels, keep = votes.plurality(table)
    for rule in RULES.values():
        others, kept = rule(table)
        assert (keep[kept]).all()
        assert (others[kept] == labels[kept]).all()


@given(TEN)
def test_votes_that_are_not_for_emotions_change_nothing_but_the_clean_majority(table):
    for make in (votes.plurality, votes.majority, votes.soft_labels):
        for whole, part in zip(make(table), make(table[:, :8]), strict=True):
            assert np.array_equal(whole, part)


@given(TEN)
def test_shares_entropy_and_confusion_are_in_bounds(table):
    shares, keep = votes.soft_labels(table)
    assert shares[keep].sum(axis=1) == pytest.approx(1)
    entropy = votes.entropy(table)
    assert (entropy >= 0).all() and (entropy <= np.log(8) + 1e-9).all()
    rows = votes.confusion(table)
    there = np.unique(votes.plurality(table).labels[keep])
    assert rows[there].sum(axis=1) == pytest.approx(1)
    # A plurality: no other emotion has a larger share in its row.
    assert (rows[there].argmax(axis=1) == there).all() or np.isclose(
        rows[there, there], rows[there].max(axis=1)
    ).all()


@given(TEN, st.integers(0, 9))
def test_the_ceiling_is_a_share_and_has_a_recall_for_each_label(table, seed):
    labels, keep = votes.plurality(table)
    if not keep.any():
        return
    found = votes.ceiling(table, seed=seed, redraws=2)
    assert 0 <= found.accuracy <= 1
    assert np.array_equal(np.flatnonzero(~np.isnan(found.recall)), np.unique(labels[keep]))


# --- the figures measured on the real set -----------------------------------------------------


def test_counts_of_the_real_set():
    """Numbers counted elsewhere, from the same files, by whoever wrote down FER+'s facts."""
    by_class = {side: FIGURES[side]["count by class"] for side in ("train", "valid")}
    train, valid = (list(by_class[side]["plurality"].values()) for side in ("train", "valid"))
    # Two training images have no vote for any emotion: 10,379 with them.
    assert FIGURES["train"]["images without a vote for any emotion"] == 2
    assert train == [10377, 7537, 3583, 3559, 2476, 195, 659, 170]
    assert valid == [1341, 899, 461, 419, 326, 34, 72, 27]
    majority = [8451, 7217, 2971, 2917, 1904, 85, 424, 95]
    assert list(by_class["train"]["majority"].values()) == majority
    assert sum(by_class["train"]["clean majority"].values()) == 25045
    assert sum(by_class["valid"]["clean majority"].values()) == 3191
    duplicates = FIGURES["duplicates"]
    assert duplicates["validation images with an exact duplicate in training"] == 279


@pytest.mark.parametrize("side", ["train", "valid"])
def test_figures_hang_together(side):
    figures = FIGURES[side]
    assert FIGURES["emotions"] == list(EMOTIONS)
    assert np.array(figures["confusion"]).shape == (8, 8)
    assert np.sum(figures["confusion"], axis=1) == pytest.approx(1, abs=5e-4)
    assert sum(figures["share of votes"].values()) == pytest.approx(1, abs=5e-4)
    accuracy = {rule: figures["ceiling"][rule]["accuracy"] for rule in RULES}
    assert 0.89 < accuracy["plurality"] < accuracy["clean majority"] < accuracy["majority"] < 0.97
