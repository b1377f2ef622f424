"""What a page asks of a case."""

import pytest

from tlhelpers.analysis.plots import changes
from tlhelpers.analysis.study import study
from tlhelpers.experiment import protocol


@pytest.mark.parametrize("name", ["retinopathy", "ferplus"])
def test_what_was_asked_is_there_or_to_come(name):
    there, to_come = study(name).asked()
    assert sorted(there + to_come) == sorted(protocol.of("quick").asked[name])
    assert "weight-average-update-bn" in there


def test_what_is_there_needs_no_training(monkeypatch):
    retina = study("retinopathy")
    monkeypatch.setattr(type(retina), "runs", None)
    assert [effect.fix for effect in retina.effects(retina.asked()[0])] == retina.asked()[0]


def test_where_nothing_is_recorded_a_page_trains_two():
    there, to_come = study("retinopathy", "smoke").asked()
    assert len(there) == 2 and not set(there) & set(to_come)


@pytest.mark.parametrize("name", ["retinopathy", "ferplus"])
def test_the_widened_bar_leaves_out_zero_just_where_the_verdict_does(name):
    """Color and bar of a figure agree, row by row; the bar of a row alone need not."""
    this, seen = study(name), set()
    for effect in this.effects(this.asked()[0]):
        for c, p, word in (
            (effect.jitter, effect.p_jitter, effect.on_jitter),
            (effect.score, effect.p_score, effect.on_score),
        ):
            low, high = changes._widened(c, p)
            assert (low > 0 or high < 0) == (word in ("helps", "hurts")), effect
            assert low <= c.low and c.high <= high
            seen.add((c.low > 0 or c.high < 0, word in ("helps", "hurts")))
    assert seen == {(True, True), (False, False), (True, False)}
