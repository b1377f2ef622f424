"""`benchmarks/doctor_truth.py`: answers are kept as long as they hold, and counted."""

import importlib.util
import pickle
import sys

import pytest

from tlhelpers.core import files, paths
from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.rules import Seen


@pytest.fixture
def truth(monkeypatch):
    file = paths.PROJECT / "benchmarks" / "doctor_truth.py"
    spec = importlib.util.spec_from_file_location("doctor_truth", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # a dataclass looks for its module there
    spec.loader.exec_module(module)
    return module


def program(folder, name, code, line="x = 1"):
    file = folder / f"{name}.py"
    file.write_text(f"# CODE: {code}\n{line}\n", encoding="utf-8")
    return file


def test_answers_are_kept_until_the_program_or_the_rules_change(truth, tmp_path, monkeypatch):
    file, lag = tmp_path / "kept.csv", program(tmp_path, "lag", "bn_averages_lag")
    assert truth.Kept(file, [lag]).find(lag, 0) is None
    truth.Kept(file, [lag]).add(lag, 0, ("bn_averages_lag", "leak"))
    truth.Kept(file, [lag]).add(lag, 1, ())

    def again():
        truth.key.cache_clear()
        kept = truth.Kept(file, [lag])
        return kept.find(lag, 0), kept.find(lag, 1)

    assert again() == (("bn_averages_lag", "leak"), ())
    with monkeypatch.context() as patch:
        patch.setattr(truth, "_code", lambda rules: "other rules")
        assert again() == (None, None)
    program(tmp_path, "lag", "bn_averages_lag", "x = 2")
    assert again() == (None, None)
    other = program(tmp_path, "other", "none")
    truth.Kept(file, [lag]).add(lag, 0, ("leak",))
    truth.Kept(file, [other]).add(other, 0, ())
    assert truth.Kept(file, [lag, other]).find(lag, 0) == ("leak",)
    assert file.read_text(encoding="utf-8").count("\n") == 3  # those of the old program are gone


def test_what_is_kept_is_not_asked_again(truth, tmp_path, monkeypatch):
    monkeypatch.setattr(truth, "_WORKSHOP", None)
    file, lag = tmp_path / "kept.csv", program(tmp_path, "lag", "bn_averages_lag")
    kept = truth.Kept(file, [lag])
    kept.add(lag, 0, ("step_too_long", "bn_averages_lag"))
    answer = truth.ask(lag, 0, kept)
    assert (answer.truth, answer.first) == ("bn_averages_lag", "step_too_long")


def test_other_rules_are_asked_about_what_was_measured(truth, tmp_path, monkeypatch):
    """Nothing is trained again where only rules changed; where anything else did, it is."""
    monkeypatch.setattr(truth, "MEASURED", tmp_path / "measured")
    lag = program(tmp_path, "lag", "bn_averages_lag")
    ran = []

    def run(program, seed, measured):
        ran.append((program.stem, seed))
        seen = Seen((), None, 32, 50, (), 0.25, 4, False, False, False, True)
        asked = seen, (found("leak", "Copies.", 0.5),), None, {}
        files.save(measured, lambda file: file.write(pickle.dumps(asked)))
        return truth.judged(measured)

    monkeypatch.setattr(truth, "run", run)

    def ask(code):
        truth.key.cache_clear()
        monkeypatch.setattr(truth, "_code", code)
        return truth.ask(lag, 0, truth.Kept(tmp_path / "kept.csv", [lag])).codes

    def say_nothing(*asked):
        return ()

    assert ask(lambda rules: "measuring" + rules * "rules") == ("leak",)
    assert ran == [("lag", 0)]
    monkeypatch.setattr("tlhelpers.doctor.rules.judge", say_nothing)
    assert ask(lambda rules: "measuring" + rules * "rules") == ("leak",)  # nothing has changed
    assert ask(lambda rules: "measuring" + rules * "other rules") == ()
    assert ran == [("lag", 0)]
    ask(lambda rules: "measured otherwise" + rules * "other rules")
    assert ran == [("lag", 0), ("lag", 0)]


def test_table_counts(truth):
    answers = [
        truth.Answer("a", "leak", 0, ("leak",)),
        truth.Answer("a", "leak", 1, ("overfitting", "leak")),
        truth.Answer("b", "none", 0, ()),
        truth.Answer("b", "none", 1, ("leak",)),
    ]
    table = truth.table(answers)
    assert "| `leak` | 2 | 1 | 2 | 1 of 2 |" in table
    assert "| `none` | 2 | 1 | 1 | 1 of 1 |" in table
    assert "**Named first, of all faulty runs: 1 of 2**" in table
    assert "**False alarms on healthy runs: 1 of 2**" in table
    assert "- a, seed 1: `overfitting`" in table


def test_the_rules_are_those_that_decide(truth):
    """What only words a finding may change without a new benchmark."""
    modules = {file.name for file in (paths.PROJECT / "tlhelpers" / "doctor").rglob("*.py")}
    assert not truth.TELLING - modules
    assert len(truth.key(truth.OWN[0] / "none_a_noisy_but_fine.py")) == 12
