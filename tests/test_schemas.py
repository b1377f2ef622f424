"""Schemas of the reports: sound, strict, and named where they are promised."""

import copy
import json

import jsonschema
import pytest

from tests import schemas
from tlhelpers.analysis import comparisons, verdicts
from tlhelpers.core import paths
from tlhelpers.course import regression, report, setup_check

NUMBERS = {
    "report": report.SCHEMA,
    "check": regression.SCHEMA,
    "setup-check": setup_check.SCHEMA,
    "evidence": comparisons.SCHEMA,
    "findings": verdicts.SCHEMA,
}
CHECK = {
    "schema": 1,
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.5,
    "versions": {"keras": "3.15.1", "tlhelpers": "0.1.0"},
    "selection": "usual",
    "status": "passed",
    "checks": [{"name": "a", "claim": "b", "status": "passed", "found": "c"}],
}


@pytest.mark.parametrize("name", schemas.REPORTS)
def test_a_schema_is_one_and_has_the_number_that_reports_have(name):
    found = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["properties"]["schema"]["const"] == NUMBERS[name]
    assert f"tlhelpers/{schemas.REPORTS[name]}.schema.json" in (
        paths.PROJECT / "docs" / "nightly.md"
    ).read_text(encoding="utf-8")


def test_both_lists_of_comparisons_have_one_form():
    one, other = (schemas.schema(name)["$defs"]["comparison"] for name in ("evidence", "findings"))
    assert one == other
    assert set(one["properties"]["verdict"]["enum"]) == set(comparisons.EFFECTS)
    verdict = schemas.schema("findings")["$defs"]["finding"]["properties"]["verdict"]
    assert set(verdict["enum"]) == set(verdicts.CONCLUSIONS)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("schema",), 2),
        (("seconds",), "1"),
        (("status",), "fine"),
        (("started",), "yesterday"),
        (("more",), 1),
        (("checks", 0, "status"), "not run"),
        (("checks", 0, "more"), 1),
        (("checks", 0, "found"), None),
    ],
)
def test_a_report_that_breaks_its_schema_is_refused(where, value):
    assert schemas.held("check", json.dumps(CHECK)) == CHECK
    broken = copy.deepcopy(CHECK)
    place = broken
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        schemas.held("check", json.dumps(broken))


def test_what_is_missing_is_refused():
    for key in CHECK:
        with pytest.raises(jsonschema.ValidationError):
            schemas.held("check", json.dumps({k: v for k, v in CHECK.items() if k != key}))
