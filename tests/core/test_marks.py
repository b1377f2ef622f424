"""Made text between two marks of a page."""

import pytest

from tlhelpers.core.errors import CourseError
from tlhelpers.core.marks import put_between

PAGE = "# Title\n\n<!-- table -->\nold\n<!-- /table -->\nend\n"


def test_only_what_stands_between_the_marks_changes():
    once = put_between(PAGE, "table", "| new \\1 |\n")
    assert once == "# Title\n\n<!-- table -->\n| new \\1 |\n<!-- /table -->\nend\n"
    assert put_between(once, "table", "| new \\1 |") == once
    assert put_between("<!-- a --><!-- /a -->", "a", "x") == "<!-- a -->\nx\n<!-- /a -->"


@pytest.mark.parametrize(
    "page",
    [
        "no marks",
        "<!-- table -->\nnever ended",
        "<!-- /table -->\nthe wrong way round\n<!-- table -->",
        PAGE + "<!-- table -->",
        PAGE + "<!-- /table -->",
    ],
)
def test_marks_that_are_missing_or_doubled_are_named(page):
    with pytest.raises(CourseError, match="<!-- table --> and <!-- /table --> once each"):
        put_between(page, "table", "new")
