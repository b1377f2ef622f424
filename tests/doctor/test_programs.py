"""Whole programs with a known trouble, beside the doctor: one of each kind of measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlhelpers.core import paths
from tlhelpers.doctor.catalogue import TROUBLES

PROGRAMS = Path(__file__).parent / "programs"
STRANGERS = Path(__file__).parent / "strangers"
FOUND = [
    "bn_averages_lag_a_few_large_batches",  # statistics measured for the same weights
    "step_too_long_b_schedule_without_decay",  # weights averaged over the epoch
    "overfitting_a_few_pictures_by_heart",  # the climb, and a temperature
    "inputs_out_of_range_a_base_wants_small_numbers",  # ranges
    "validation_images_change_a_generator_walks_on",  # a generator that is watched
    "none_a_noisy_but_fine",
]


def truth(program: Path) -> str:
    return program.read_text(encoding="utf-8").splitlines()[0].split("CODE:")[1].strip()


def test_every_trouble_has_two_programs_and_ten_are_healthy():
    codes = [truth(program) for program in PROGRAMS.glob("*.py")]
    # Two have no program: they are what is left where no cause can be named.
    for code in set(TROUBLES) - {"stuck_at_chance", "loss_not_finite"}:
        assert codes.count(code) >= 2, code
    assert codes.count("none") >= 10


def test_strangers_name_troubles_that_there_are():
    codes = {truth(program) for program in STRANGERS.glob("*.py")}
    assert "none" in codes and codes - {"none"} <= set(TROUBLES)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_the_trouble_is_named_first(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(paths.PROJECT / "benchmarks")  # a forked process looks there, too
    import doctor_truth

    program = PROGRAMS / f"{name}.py"
    nothing_kept = doctor_truth.Kept(tmp_path / "kept.csv", [program])
    monkeypatch.setattr(doctor_truth, "MEASURED", tmp_path / "measured")
    assert doctor_truth.ask(program, 0, nothing_kept).first == truth(program)
