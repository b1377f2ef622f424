"""The web site in a real browser: what it asks for, its search, and who can read it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from pathlib import Path

import pytest

from tlhelpers.core import paths
from tlhelpers.course import site
from tlhelpers.course.site import sources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),  # Sphinx's, of MyST
]
PAGES = [source.stem for source in sorted((paths.NOTEBOOKS / "src").glob("*.py"))]
LOOKED_AT = ["index", *(PAGES[number] for number in (0, 4, 7, 15))]
DESK, PHONE = 1280, 390  # CSS pixels


@pytest.fixture(scope="module")
def folder(chromium, tmp_path_factory) -> Path:
    """The site, on the disk; after `chromium`, without which none is needed."""
    made = tmp_path_factory.mktemp("site") / "html"
    site.write(made)
    return made


@pytest.fixture(scope="module")
def address(folder):
    """Where this machine serves the site: search shows the text around what it finds only so."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *said):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def opened(chromium):
    """A function that gives a page of the browser to which nothing but the site is open."""
    complaints = []
    with contextlib.ExitStack() as stack:

        def open_(base, width=DESK, scheme="light"):
            context = chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            stack.callback(context.close)

            def only_the_site(route):
                if route.request.url.startswith((base, "data:")):
                    return route.continue_()
                complaints.append(f"asked for {route.request.url}")
                return route.abort()

            context.route("**/*", only_the_site)
            page = context.new_page()
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type == "error" else None,
            )
            page.on("pageerror", lambda problem: complaints.append(str(problem)))
            return page

        yield open_
    assert not complaints


def file_of(name: str) -> str:
    return "index.html" if name == "index" else f"notebooks/{name}.html"


def too_wide(page) -> list[int]:
    """By how much the page, and its text, which furo would scroll by itself, exceed the window."""
    return page.evaluate(
        "[document.documentElement, document.querySelector('.content')]"
        ".map(part => part.scrollWidth - part.clientWidth)"
    )


def test_next_and_back_from_the_disk(opened, folder):
    """All pages on a phone, opened as files, with nothing asked for elsewhere."""
    page = opened(folder.as_uri(), PHONE)
    page.goto((folder / "index.html").as_uri())
    files = ["index.html", *map(file_of, PAGES)]
    files += [f"{Path(name).with_suffix('.html')}" for name in sources.REFERENCE]
    for way, there in (("next", files[1:]), ("prev", files[-2::-1])):
        for file in there:
            page.click(f"a.{way}-page")
            page.wait_for_url(f"**/{file}*")
            loaded = page.evaluate(
                "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
            )
            assert loaded and too_wide(page) == [0, 0], file


def test_search_finds_batchnorm(opened, address):
    page = opened(address)
    page.goto(f"{address}/notebooks/{PAGES[10]}.html")
    page.fill("input[name=q]", "batchnorm lag")
    page.keyboard.press("Enter")
    page.locator("#search-results li").first.wait_for()
    found = page.locator("#search-results a", has_text="BatchNorm looks in the rear-view mirror")
    found.first.click()
    page.wait_for_url(f"**/{PAGES[4]}.html*")


def test_a_solution_opens(opened, folder):
    page = opened(folder.as_uri())
    page.goto((folder / file_of(PAGES[4])).as_uri())
    box = page.locator("details", has_text="Such a network is").first
    inside = box.get_by_text("Such a network is")
    assert not inside.is_visible()
    box.locator("summary").click()
    assert inside.is_visible()


def test_the_switch_turns_the_report_too(opened, folder):
    """A light system whose reader chose dark, and back."""
    page = opened(folder.as_uri())
    page.goto((folder / file_of(PAGES[0])).as_uri())
    paper = "getComputedStyle(document.querySelector('.tld')).backgroundColor"
    seen = []
    for _ in range(3):
        seen.append((page.evaluate("document.body.dataset.theme"), page.evaluate(paper)))
        page.locator(".theme-toggle:visible").first.click()
    colors = dict(seen)
    assert colors["auto"] == colors["light"] == "rgb(255, 255, 255)" != colors["dark"]


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(opened, address, name, scheme):
    """Nothing serious for axe; on a desk and on a phone nothing is wider than the window."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(address, DESK, scheme)
    page.goto(f"{address}/{file_of(name)}")
    for width in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        assert too_wide(page) == [0, 0], f"{name} at {width} px"
    # At the last width, where more has to be scrolled.
    violations = axe.Axe().run(page).response["violations"]
    assert not [
        f"{each['id']}: {node['html'][:200]}"
        for each in violations
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
