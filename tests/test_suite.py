"""The tests themselves: a busy machine turns none of them red."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FILES = [path for path in Path(__file__).parent.rglob("*.py") if path.name != "test_suite.py"]


def test_no_example_is_too_slow():
    now = settings()
    assert now.deadline is None and HealthCheck.too_slow in now.suppress_health_check


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"deadline=", "the profile in conftest.py has none"),
        (
            r"assert.*\b(?:monotonic|perf_counter|process_time|time\.time)\(\)",
            "let what must not be waited for take an hour: pytest's own timeout tells",
        ),
        (r"\.(?:communicate|join|wait)\((?:timeout=)?[1-9]", "pytest's own timeout is enough"),
    ],
)
def test_nothing_is_held_against_the_clock(pattern, instead):
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
        and not (path.name == "conftest.py" and line.strip() == "deadline=None,")
    ]
    assert not found, instead
