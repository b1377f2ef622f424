"""The handout as it is printed."""

from __future__ import annotations

import re

import pytest

from tests.browser.looks import offline, violations
from tlhelpers.course import handout


@pytest.mark.slow
def test_the_handout_is_one_page_of_a4(chromium, tmp_path):
    target = tmp_path / "handout.html"
    handout.write(target)
    with offline(chromium, 1000, 800) as page:
        page.goto(target.as_uri())
        assert violations(page) == []
        page.emulate_media(media="print")
        assert page.evaluate(
            "[...document.querySelectorAll('pre')].every(p => p.scrollWidth <= p.clientWidth)"
        ), "a line of code is cut off"
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        # A4 in points; and room for a font that is a little larger than this machine's.
        width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
        assert (width, height) == pytest.approx((595, 842), abs=1)
        page.add_style_tag(content="body { zoom: 1.01 }")
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
