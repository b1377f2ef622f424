"""The tables of recordings/PROTOCOL.md are those of the recordings, with every run in them."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from tlhelpers.analysis import tables
from tlhelpers.cli import app
from tlhelpers.core import paths
from tlhelpers.experiment.cases import case
from tlhelpers.training.run import Experiment


def test_the_protocol_shows_the_tables_as_they_are():
    text = (paths.RECORDINGS / "PROTOCOL.md").read_text(encoding="utf-8")
    assert tables.refresh(text) == text


def test_no_calibration_run_is_left_out():
    """One had been: its jitter was the lowest of four."""
    folder = paths.RECORDINGS / "retinopathy-synthetic-quick"
    there = {path.resolve() for path in folder.glob("calibration-*/seed-*.json")}
    keys = {(runs.recipe.key(), run.seed) for _, runs in tables.chosen() for run in runs}
    assert len(there) == len(keys) > 20
    assert {(p.parent.name.rpartition("-")[2], int(p.stem[5:])) for p in there} == keys


def test_shares_by_hand():
    posted = case("retinopathy")
    runs = posted.recorded(posted.measured, range(6), committed=True)

    def with_readings(run, height):
        own = np.exp([0.0, height, 0.0, height, 0.0])  # jitter 2 · height · 2 / 4 = height
        fresh = np.exp([0.0, height / 4, 0.0, height / 4, 0.0])
        columns = {"val_nll": own.tolist(), "val_nll_fresh": fresh.tolist()}
        return replace(run, history={**run.history, **columns})

    heights = (0.1, 0.2, 0.3, 0.1, 0.2, 0.3)
    made = [with_readings(run, height) for run, height in zip(runs, heights, strict=True)]
    found = tables.taken(Experiment(runs.recipe, tuple(made)), "val_nll_fresh")
    assert (found.jitter, found.share) == pytest.approx((0.05, 0.75))
    # Each run loses three quarters of its own: between those of calm and of restless draws.
    assert 0.4 < found.low < 0.75 < found.high < 1.1
    few = tables.taken(Experiment(runs.recipe, tuple(made[:3])), "val_nll_fresh")
    assert (few.low, few.high) == (None, None) and str(few) == "0.050 (75 %)"


def test_the_command_writes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "refresh", lambda text: text + "made\n")
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    (tmp_path / "PROTOCOL.md").write_text("old\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["findings", "--protocol"]).exit_code == 0
    assert (tmp_path / "PROTOCOL.md").read_text(encoding="utf-8") == "old\nmade\n"
