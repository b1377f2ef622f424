"""What the report tells people to do and to read."""

from __future__ import annotations

import pytest

from tlhelpers.core import paths
from tlhelpers.doctor.catalogue import TROUBLES


@pytest.mark.parametrize("code", TROUBLES)
def test_the_page_that_it_names_is_there(code):
    found = list(paths.PROJECT.glob(f"notebooks/{TROUBLES[code].page}_*.ipynb"))
    assert len(found) == 1


def test_no_cure_names_a_page_by_number():
    """Pages move; the page of a trouble is a field of its own, and the test above follows it."""
    assert not [c for c, t in TROUBLES.items() if "page" in t.cure + t.cure_from_scratch]
