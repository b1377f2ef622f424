"""The doctor on the course's own trainings: the benchmark's scripts and its table."""

import importlib.util
import json

import pytest

import tlhelpers as tl
from tlhelpers.core import paths


@pytest.fixture(scope="module")
def course():
    spec = importlib.util.spec_from_file_location(
        "doctor_course", paths.PROJECT / "benchmarks" / "doctor_course.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_script_trains_what_is_recorded(course):
    for case, names in course.ROWS.items():
        study = tl.study(case, "quick")
        for name in names:
            text = course.script(study, name, 3)
            compile(text, name, "exec")
            recipe = study.runs(name)[0].recipe
            assert "set_random_seed(3)" in text
            assert f"batch_size={recipe.batch_size}, epochs={recipe.epochs}," in text
            assert ("SwapEMAWeights" in text) == bool(recipe.weight_average_epochs)


def test_the_table_sets_what_was_named_beside_what_was_measured(
    course, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path))
    kept = tmp_path / "doctor_course"
    kept.mkdir()
    for case, names in course.ROWS.items():
        for name in names:
            found = [] if name == "weight-average-update-bn" else [{"code": "bn_averages_lag"}]
            report = json.dumps({"fits": [{"diagnoses": found}]})
            (kept / f"{case}-{name}-0.json").write_text(report, encoding="utf-8")
    course.main(seeds=1, write=False)
    table = capsys.readouterr().out.splitlines()
    posted = next(line for line in table if line.startswith("| retinopathy, posted"))
    numbers = [float(cell) for cell in posted.split("|")[2:6]]
    # Each cause that is taken away takes jumping with it, and both together take most.
    assert numbers[0] > 2 * numbers[1] and numbers[0] > 2 * numbers[2] and numbers[3] < numbers[1]
    assert posted.endswith("| `bn_averages_lag` |")
    healthy = next(line for line in table if line.startswith("| ferplus, weight-average-update-bn"))
    assert healthy.endswith("| – | – | – | `none` |")
