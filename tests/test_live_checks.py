"""`benchmarks/live_checks.py`: alarms are counted, and no check is made twice."""

import importlib.util
import json
import subprocess

import pytest

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError


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
