"""`benchmarks/live_checks.py`: alarms are counted, and no check is made twice."""

import importlib.util
import json
import subprocess
from types import SimpleNamespace

import pytest

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course.regression import Target


@pytest.fixture
def live_checks():
    file = paths.PROJECT / "benchmarks" / "live_checks.py"
    spec = importlib.util.spec_from_file_location("live_checks", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(**statuses):
    names = {name.replace("_", " "): status for name, status in statuses.items()}
    checks = [{"name": name, "status": status} for name, status in names.items()]
    failed = "failed" if "failed" in statuses.values() else "passed"
    return {"checks": checks, "status": failed, "seconds": 60}


def test_alarms_are_counted_by_check(live_checks):
    records = [
        report(a_outcome="passed", b_mechanism="passed", c_mechanism="failed", d="not checked"),
        report(a_outcome="failed", b_mechanism="passed", c_mechanism="passed", d="not checked"),
        report(a_outcome="passed", b_mechanism="passed", c_mechanism="passed", d="not checked"),
    ]
    lines = live_checks.table(live_checks.counted(records)).splitlines()[2:]
    assert lines == [
        "| a outcome | 1 of 3 | 6 to 79 % |",  # Wilson, by hand: 0.0615 to 0.7923
        "| all mechanism checks | 1 of 6 | 3 to 56 % |",
        "| any of them | 2 of 3 | 21 to 94 % |",
    ]


def test_a_check_that_came_to_its_end_is_not_made_again(live_checks, tmp_path, monkeypatch):
    made = []

    def run(command, **_):
        made.append(command[command.index("--first-seed") + 1])
        text = json.dumps(report(a_outcome="passed"))
        (tmp_path / "check.json").write_text(text, encoding="utf-8")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(live_checks.subprocess, "run", run)
    (tmp_path / "check.json").write_text(json.dumps({"status": "interrupted"}), encoding="utf-8")
    first = live_checks.check(7, tmp_path, [])
    assert live_checks.check(7, tmp_path, []) == first and made == ["1070"]


def test_a_check_that_cannot_be_made_is_one_line(live_checks, tmp_path, monkeypatch):
    done = subprocess.CompletedProcess([], 2, "", "at first\ntlhelpers: no recordings\n")
    monkeypatch.setattr(live_checks.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(CourseError, match="check 3 did not come to its end: tlhelpers: no rec"):
        live_checks.check(3, tmp_path, [])


def test_recorded_runs_stand_for_new_ones(live_checks):
    """Four seeds in pairs, by hand: the limit of 0.5 is missed by (1, 3) and (3, 4)."""
    jitter = {1: 0.6, 2: 0.9, 3: 0.2, 4: 0.5}
    runs = {seed: SimpleNamespace(value=value) for seed, value in jitter.items()}
    of = SimpleNamespace(of=lambda run: run.value)
    case = SimpleNamespace(find=lambda recipe, seed, committed: runs.get(seed))
    target = Target(fix=None, metric="jitter", recorded=1.0, limit=0.5, runs=2)
    plan = SimpleNamespace(name="posted outcome", case=case, recipe=None, target=target)
    live_checks.metrics = SimpleNamespace(metric=lambda name: of)
    row = live_checks.of_recorded([plan], range(1, 9))
    assert row == "| posted outcome | 2 of 6 | 4 |\n"
    assert live_checks.of_recorded([plan], range(5, 9)) == ""


def test_the_page_counts_the_recordings_as_they_are(live_checks):
    page = live_checks.PAGE.read_text(encoding="utf-8")
    assert live_checks.recorded_table() in page
