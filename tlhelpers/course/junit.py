"""Test results as CI servers read them: JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

PASSED, FAILED, INTERRUPTED, NOT_RUN = "passed", "failed", "interrupted", "not run"

_ELEMENTS = {FAILED: "failure", INTERRUPTED: "error", NOT_RUN: "skipped"}


@dataclass(frozen=True)
class TestCase:
    """One result.

    Attributes
    ----------
    name : str
    status : str
        "passed", "failed", "interrupted" or "not run".
    seconds : float
    message : str
        Of one that did not pass: what went wrong; its status if that is all there is to say.
    """

    __test__ = False  # pytest takes what is called so for tests

    name: str
    status: str
    seconds: float = 0.0
    message: str = ""


def xml(suite: str, cases: Sequence[TestCase], started: str, seconds: float) -> str:
    """The file of a suite.

    Parameters
    ----------
    suite : str
        Its name.
    cases : sequence of TestCase
    started : str
        ISO 8601.
    seconds : float
        What the whole suite took.

    Returns
    -------
    str
    """
    statuses = [case.status for case in cases]
    root = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(cases)),
        failures=str(statuses.count(FAILED)),
        errors=str(statuses.count(INTERRUPTED)),
        skipped=str(statuses.count(NOT_RUN)),
        time=f"{seconds:.3f}",
        timestamp=started,
    )
    for case in cases:
        each = ElementTree.SubElement(
            element, "testcase", classname=suite, name=case.name, time=f"{case.seconds:.3f}"
        )
        if kind := _ELEMENTS.get(case.status):
            message = case.message or case.status
            ElementTree.SubElement(each, kind, message=message).text = message
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True).decode() + "\n"
