"""One fix tried alone, drawn images beside real ones, and what a curve says beyond its noise."""

import dataclasses

import numpy as np
import pytest

from tests.experiment.test_recordings import SMOKE, made_up, nothing
from tlhelpers.analysis import answers, comparisons, metrics, trials
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.fixes import fix
from tlhelpers.measures import stability
from tlhelpers.training.run import Experiment

FROZEN = fix("frozen-batchnorm")
REAL = case("retinopathy", "smoke", "real")


def keep(this, recipe, wobble, seeds):
    """Made-up runs as recordings of this machine."""
    for seed in range(seeds):
        recordings.save(made_up(recipe, seed, wobble, this), recordings.local(), "made-up")


@pytest.fixture
def posted(build_folder):
    """Eight unsteady runs, eight steady ones with frozen BatchNorm; three of each on real ones."""
    keep(SMOKE, FROZEN.apply(SMOKE.measured), 0.02, 8)
    keep(REAL, REAL.measured, 0.2, 3)
    keep(REAL, FROZEN.apply(REAL.measured), 0.3, 3)
    runs = [made_up(SMOKE.measured, seed, 0.2) for seed in range(8)]
    return Experiment(SMOKE.measured, tuple(runs))


def test_a_trial_replays_compares_and_says_so(posted):
    trial = trials.trial(SMOKE, posted, FROZEN, ["jitter", "auc"], seeds=8)
    assert len(trial.after) == 8 and all(run.replayed for run in trial.after)
    assert [c.verdict for c in trial.compared] == [comparisons.HELPS, comparisons.SAME]
    assert trial.verdicts.splitlines()[0] == "frozen-batchnorm · jitter: helps"
    assert trial.sentences.splitlines()[0].startswith("Frozen BatchNorm lowered jitter")


def test_drawn_images_beside_real_ones(posted):
    """Every pair of real runs gets its own difference; two of them have no interval."""
    trial = trials.trial(SMOKE, posted, FROZEN, ["jitter"], seeds=8)
    head, row = trials.beside_real([trial], REAL).splitlines()
    assert head.split() == ["change", "of", "jitter", "drawn", "real,", "seed", "by", "seed"]
    old, new = (REAL.recorded(r) for r in (REAL.measured, FROZEN.apply(REAL.measured)))
    wanted = [trial.compared[0].effect]
    wanted += [
        metrics.values(new, "jitter")[s] - metrics.values(old, "jitter")[s] for s in range(2)
    ]
    assert row.split() == ["Frozen", "BatchNorm", *(f"{value:+.3f}" for value in wanted)]
    assert wanted[0] < 0 < wanted[1]


def test_only_what_is_recorded_on_real_images_stands_beside_them():
    """A fix of the images is not taken for the recipe that it leaves alone."""
    drawn, real = case("ferplus"), case("ferplus", data="real")
    posted = drawn.recorded(drawn.measured)
    tried = [
        trials.trial(drawn, posted, fix(name), ["jitter"])
        for name in ("frozen-batchnorm", "no-duplicates")
    ]
    assert [t.fix.name for t in trials.on_both(tried, real)] == ["frozen-batchnorm"]


@pytest.mark.parametrize("profile", ["full-lite", "full-smoke", "full-lite-smoke"])
def test_a_profile_with_hyphens_is_read_back_from_its_folder(tmp_path, profile):
    this = case("retinopathy", profile)
    for seed in range(2):
        for recipe in (this.measured, FROZEN.apply(this.measured)):
            recordings.save(made_up(recipe, seed, 0.2, this), tmp_path)
    found = answers.recorded(tmp_path, nothing)
    assert {(c.profile, c.data, c.fix) for c in found if c.design == "single"} == {
        (profile, "synthetic", "frozen-batchnorm")
    }


def test_unsteadiness_takes_the_noise_off():
    """What the standard errors alone would make is subtracted, run by run."""
    runs = []
    for seed in range(4):
        run = made_up(SMOKE.measured, seed, 0.2)
        history = {**run.history, "val_nll_se": [None, 0.01, 0.01, 0.01]}
        runs.append(dataclasses.replace(run, history=history))
    beyond = metrics.unsteadiness(Experiment(SMOKE.measured, tuple(runs)))
    raw = np.mean([stability.jitter(run.curve("val_nll")) for run in runs])
    noise = np.mean([stability.noise_jitter(r.curve("val_nll"), [0.01] * 3) for r in runs])
    assert beyond["jitter beyond noise"].mean == pytest.approx(raw - noise)
    assert 0 < noise < raw
    # The made-up runs read twice as bad in validation mode.
    assert beyond["train/inference gap"].mean == pytest.approx(np.log(2))
    gaps = metrics.gap_by_epoch(Experiment(SMOKE.measured, tuple(runs)))
    assert gaps == pytest.approx([np.log(2)] * 4)


def test_differences_are_of_seeds_that_both_have():
    before, after = (
        Experiment(SMOKE.measured, tuple(made_up(SMOKE.measured, seed, 0.2) for seed in seeds))
        for seeds in ((0, 1, 2), (1, 2, 3))
    )
    # The AUC of made-up runs hangs on the seed alone.
    assert metrics.differences(before, after, "auc") == {1: 0.0, 2: 0.0}
    found = metrics.differences(before, Experiment(SMOKE.measured, after.runs[:1]), "val_loss")
    assert list(found) == [1]
