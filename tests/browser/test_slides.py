"""The slides of the pages as they are: offline, nothing over the edge of one, and as a PDF."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from tests.browser.looks import offline, violations
from tlhelpers.cli import app
from tlhelpers.course import outline, pages, slides

pytestmark = pytest.mark.slow

# What of the slide that is shown lies outside of the window, or of its own box.
OUTSIDE = """() => {
  const slide = Reveal.getCurrentSlide();
  const over = [...slide.querySelectorAll("h1, h2, h3, p, li, pre, code, img")].filter(part => {
    const box = part.getBoundingClientRect();
    return box.right > innerWidth || box.bottom > innerHeight || box.left < 0 || box.top < 0
      || (part.tagName !== "CODE" && part.scrollWidth > part.clientWidth + 1);
  });
  const parts = over.map(part => `${part.tagName} ${part.innerText.slice(0, 40)}`);
  if (slide.scrollHeight > Reveal.getConfig().height) parts.push(`height ${slide.scrollHeight}`);
  return parts;
}"""
# Kinds of words in its code, each with a color of its own.
COLORS = """[...new Set([...Reveal.getCurrentSlide().querySelectorAll("[class^=hljs-]")]
  .map(word => word.className))].sort().join()"""
# Whether each figure goes to the edge of the slide's text, or down to the foot of the slide.
LARGE = """() => [...Reveal.getCurrentSlide().querySelectorAll("img")].every(image => {
  const box = image.getBoundingClientRect();
  return box.width > 0.9 * innerWidth || box.bottom > 0.95 * innerHeight;
})"""
HEADING = "Reveal.getCurrentSlide().querySelector('h1, h2, h3').innerText"


@pytest.fixture(scope="module")
def deck(chromium, tmp_path_factory):
    """The address of the slides, and how many there are."""
    folder = tmp_path_factory.mktemp("slides") / "deck"
    done = CliRunner().invoke(app, ["slides", "--out", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0
    return (folder / "index.html").as_uri(), int(done.output.split()[0])


def test_as_a_pdf_each_slide_is_one_page(chromium, deck):
    address, count = deck
    with offline(chromium, slides.WIDTH, slides.HEIGHT) as page:
        page.goto(f"{address}?print-pdf")
        page.wait_for_function("document.querySelector('.pdf-page') && Reveal.isReady()")
        below = page.evaluate(
            "[...document.querySelectorAll('.pdf-page img')].map(image => [image,"
            " image.closest('.pdf-page')].map(part => part.getBoundingClientRect().bottom))"
            ".map(([image, page]) => image - page)"
        )
        assert below and max(below) < -5, "a figure goes over the foot of its page"
        lefts = page.evaluate(
            "[...document.querySelectorAll('.pdf-page :is(h1, h2, h3, p)')]"
            ".map(part => [part.getBoundingClientRect().left, getComputedStyle(part).textAlign])"
        )
        assert all(left >= slides.WIDTH / 40 and how != "center" for left, how in lefts)
        pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == count


def test_the_deck_without_a_network(chromium, deck):
    address, count = deck
    with offline(chromium, slides.WIDTH, slides.HEIGHT) as page:
        page.goto(address)
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        # An empty layer of reveal.js's, behind which axe sees no colors.
        page.add_style_tag(content=".reveal .backgrounds { display: none }")
        headings, outside, faults, kinds = [], {}, {}, set()
        for _ in range(count):
            heading = page.evaluate(HEADING)
            headings.append(heading)
            if over := page.evaluate(OUTSIDE):
                outside[heading] = over
            images = page.evaluate(
                "[...Reveal.getCurrentSlide().querySelectorAll('img')].map(i => i.naturalWidth)"
            )
            assert all(images), f"{heading}: a figure is not shown"
            assert page.evaluate(LARGE), f"{heading}: its figure leaves room"
            # A look at each kind of slide is enough for what axe finds, and takes a second.
            kind = (heading.rpartition(" · ")[2][:8], len(images), page.evaluate(COLORS))
            if kind not in kinds:
                kinds.add(kind)
                if bad := violations(page):
                    faults[heading] = bad
            page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.isLastSlide()")
    expected = [outline.outline(notebook) for notebook in pages.find(slides.PATH)]
    text, _ = slides.markdown(expected, "Steady Fine-Tuning")
    assert headings == re.findall(r"^#+ (.*)", text, re.MULTILINE)
    assert outside == {}
    assert faults == {}
