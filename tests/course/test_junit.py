"""JUnit XML of plain test cases."""

from xml.etree import ElementTree

import pytest

from tlhelpers.course import junit, regression, report


def test_each_status_has_its_element():
    cases = [
        junit.TestCase("a", junit.PASSED, 1.5),
        junit.TestCase("b", junit.FAILED, message="2 < 3"),
        junit.TestCase("c", junit.INTERRUPTED),
        junit.TestCase("d", junit.NOT_RUN, message="no time"),
    ]
    root = ElementTree.fromstring(junit.xml("pages", cases, "2026-01-02T03:04:05", 2).encode())
    (suite,) = root
    assert suite.attrib == {
        "name": "pages",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "2.000",
        "timestamp": "2026-01-02T03:04:05",
    }
    assert suite[0].attrib == {"classname": "pages", "name": "a", "time": "1.500"}
    said = [(each.tag, each.get("message"), each.text) for case in suite for each in case]
    assert said == [
        ("failure", "2 < 3", "2 < 3"),
        ("error", "interrupted", "interrupted"),
        ("skipped", "no time", "no time"),
    ]


@pytest.mark.parametrize(
    ("result", "case"),
    [
        (
            report.PageResult("00_a", "A", "failed", 3.0, 2, "x = 1", "NameError: y"),
            junit.TestCase("00_a", "failed", 3.0, "In [2] `x = 1`: NameError: y"),
        ),
        (report.PageResult("00_a", "A", "passed", 3.0), junit.TestCase("00_a", "passed", 3.0)),
        (
            regression.Outcome("a fix", "it helps", "not checked", "too close"),
            junit.TestCase("a fix", "not run", message="it helps: too close"),
        ),
        (
            regression.Outcome("a fix", "it helps", "failed", "−1"),
            junit.TestCase("a fix", "failed", message="it helps: −1"),
        ),
    ],
)
def test_what_becomes_a_test_case(result, case):
    assert result.test_case() == case
