"""The field survey's logs: whole, finite, and selected by what is known of them."""

from importlib import resources

import numpy as np
import pytest

from tlhelpers.core.errors import CourseError
from tlhelpers.data import field_survey
from tlhelpers.data.field_survey import QUESTION_1, select

LOGS = field_survey.load()


def test_what_there_is():
    scratch = select(weights="none")
    keras = select(framework="keras")
    pytorch = select(framework="pytorch")
    assert (len(LOGS), len(keras) - len(scratch), len(pytorch)) == (723, 689, 18)
    assert len(scratch) == 16 and len({log.author for log in LOGS}) == 35
    assert [log.id for log in LOGS] == list(range(723))


def test_every_log_names_its_source_and_its_curves_are_whole():
    for log in LOGS:
        assert log.path and (log.id == 704 or (log.repo.count("/") == 1 and len(log.commit) == 40))
        assert len(log.loss) == len(log.val_loss) >= 5
        assert np.isfinite([log.loss, log.val_loss]).all() and min(log.val_loss) > 0
        for shares in (log.accuracy, log.val_accuracy):
            assert shares is None or (len(shares) == len(log.loss) and 0 <= max(shares) <= 1)


def test_it_holds_numbers_and_facts_in_less_than_a_megabyte():
    file = resources.files("tlhelpers.data") / "field_survey.jsonl"
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000 and "://" not in text


def test_two_authors_dominate():
    authors = [log.author for log in LOGS]
    assert authors.count("unknown") == 1  # log 704
    assert authors.count("dimitreOliveira") == 552 and authors.count("abhayynair") == 101


def test_selected_by_facts():
    assert len(select(**QUESTION_1)) == 80
    assert select(**QUESTION_1, batch_size={8, 32}) == [
        log for log in select(**QUESTION_1) if log.batch_size in (8, 32)
    ]
    assert len(select(select(**QUESTION_1), author="suleatmaca")) == 1
    with pytest.raises(CourseError, match="has no 'optimiser': choose from id, .*optimizer"):
        select(optimiser="Adam")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ({"trainable": "all"}, True),
        ({"trainable": "last 15 layers"}, True),
        ({"trainable": "head + all BN layers (other convs frozen)"}, True),
        ({"trainable": "head only"}, False),
        ({"trainable": "all (from scratch)"}, False),
    ],
)
def test_fine_tuned_or_not(fact, value):
    found = select(**fact)
    assert found and {log.fine_tunes for log in found} == {value}


def test_what_is_not_said_is_not_known():
    unknown = [log for log in LOGS if log.trainable.startswith("unknown")]
    assert unknown and {log.fine_tunes for log in unknown} == {None}
    assert not set(unknown) & set(select(fine_tunes=True) + select(fine_tunes=False))
