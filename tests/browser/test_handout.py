"""The handout as it is printed, and as it is read on a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.looks import offline, violations
from tlhelpers.course import handout

PHONE = 375  # CSS pixels

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    target = tmp_path_factory.mktemp("handout") / "handout.html"
    handout.write(target)
    return target.as_uri()


def test_the_handout_is_one_page_of_a4(chromium, address):
    with offline(chromium, 1000, 800) as page:
        page.goto(address)
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


def test_on_a_phone_it_is_one_column(chromium, address):
    with offline(chromium, PHONE, 700) as page:
        page.goto(address)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        narrow, small = page.evaluate(
            "(() => { const parts = [...document.querySelectorAll('p, pre, ol, h2')]; return ["
            "Math.min(...parts.map(part => part.getBoundingClientRect().width)),"
            "Math.min(...parts.map(part => parseFloat(getComputedStyle(part).fontSize)))] })()"
        )
        assert narrow > 0.85 * PHONE and small >= 12
        code = (
            "[...document.querySelectorAll('pre')].filter(box => box.scrollWidth > box.clientWidth)"
        )
        scrolls = page.evaluate(
            f"{code}.map(box => {{ box.scrollLeft = 50; return box.scrollLeft }})"
        )
        assert scrolls and min(scrolls) > 0
