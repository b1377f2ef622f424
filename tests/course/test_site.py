"""The web site: what it is made from, and, once it is built, its links, images and search."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import urllib.parse
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from tests.cli.test_commands import refused
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import site
from tlhelpers.course.exercises import NOT_TRIED
from tlhelpers.course.site import front, links, notebooks, sources, sphinx_build

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # Sphinx's
PAGES = [source.stem for source in sorted((paths.NOTEBOOKS / "src").glob("*.py"))]
BASE = "https://example.org/course"


# What it is made from -----------------------------------------------------------------------------


def code(source, *outputs, tags=()):
    return nbformat.v4.new_code_cell(
        source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)}
    )


def shown(alt=None):
    metadata = {"image/png": {"alt": alt}} if alt is not None else {}
    return nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata=metadata)


def page(*cells):
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_markdown_cell("# A title"), *cells]
    return made


def test_an_image_takes_its_text_along():
    made = page(code("plot()", shown("Two curves.\nOne falls.")))
    notebooks.prepare(made, "04_x")
    assert made.cells[1].metadata["mystnb"]["image"]["alt"] == "Two curves. One falls."


@pytest.mark.parametrize("alt", [None, "", " \n"])
def test_an_image_without_text_is_refused(alt):
    with pytest.raises(CourseError, match=r"04_x.ipynb, cell `plot\(\)`: its image has no altern"):
        notebooks.prepare(page(code("plot()", shown(alt))), "04_x")


def test_two_images_of_a_cell_are_refused():
    with pytest.raises(CourseError, match="2 images"):
        notebooks.prepare(page(code("plot()", shown("a"), shown("b"))), "04_x")


def test_an_exercise_says_once_where_it_can_be_answered():
    said = nbformat.v4.new_output("stream", text=NOT_TRIED + "\n")
    other = nbformat.v4.new_output("stream", text="a hint\n")
    made = page(
        code("a", said, tags=["exercise"]),
        code("b", other, said, tags=["exercise"]),
        code("c", said),
    )
    notebooks.prepare(made, "04_x")
    kinds = [cell.cell_type for cell in made.cells]
    assert kinds == ["markdown", "markdown", "code", "code", "code"]
    assert "04_x.ipynb" in made.cells[1].source and "Binder" in made.cells[1].source
    assert [len(cell.outputs) for cell in made.cells[2:]] == [0, 1, 1]


def test_navigation_goes_and_boxes_are_closed():
    made = page(
        nbformat.v4.new_markdown_cell("<details><summary>S</summary>\n\nText.\n</details>"),
        nbformat.v4.new_markdown_cell("Next", metadata={"tags": ["navigation"]}),
    )
    notebooks.prepare(made, "04_x")
    assert len(made.cells) == 2 and made.cells[1].source.endswith("Text.\n\n</details>")


def test_dark_styles_follow_the_switch():
    html = "<style>a{b:c}@media (prefers-color-scheme: dark) { a { b:d } e { f:g } } h{i:j}</style>"
    made = notebooks.following_theme(html)
    assert made.count("a { b:d } e { f:g }") == 2 and made.count("{") == made.count("}")
    assert 'body:not([data-theme="light"])' in made and 'body[data-theme="dark"]' in made
    assert made.startswith("<style>a{b:c}") and made.endswith("h{i:j}</style>")


def test_a_report_of_the_doctor_has_styles_that_follow():
    """Where the doctor writes them otherwise, a report would stay dark on a light page."""
    html = (paths.NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert notebooks._WHEN_DARK in html


def test_front_page_lists_all_before_installing():
    entries = [front.Entry("00_a", "Why?", "Because."), front.Entry("01_b", "So", "It is.")]
    readme = "# T\n\nSee [docs/x.md](docs/x.md).\n\n## Start here\n\nInstall.\n"
    made = front.page(readme, entries, {"docs/x.md": "The X"})
    assert "- [00 · Why?](notebooks/00_a.ipynb) Because." in made
    assert "- [01 · So](notebooks/01_b.ipynb). It is." in made
    assert made.index("01 · So") < made.index("## Start here")
    assert "[The X](docs/x.md)" in made and "\nThe X <docs/x>\n" in made
    with pytest.raises(CourseError, match="no heading '## Start here'"):
        front.page("# T\n", entries, {})


@pytest.mark.parametrize(
    ("docname", "target", "path"),
    [
        ("notebooks/04_x", "../README.md", "README.md"),
        ("index", "CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("docs/full", "../tlhelpers/data", "tlhelpers/data"),
        ("docs/full", "no_such.py", None),
        ("docs/full", "../..", None),
        ("index", "/etc/passwd", None),
    ],
)
def test_links_into_the_repository(docname, target, path):
    assert links.in_repository(docname, target) == path


# What is refused ----------------------------------------------------------------------------------


@pytest.fixture
def one_page(course):
    """A course of one page, which was executed."""
    (course / "src" / "00_a.py").write_text(
        "# %% [markdown]\n# # A\n\n# %%\nprint(1)\n", encoding="utf-8"
    )
    output = nbformat.v4.new_output("stream", text="1\n")
    nbformat.write(page(code("print(1)", output)), course / "00_a.ipynb")
    return course


def test_sources_are_laid_out_as_in_the_repository(one_page, tmp_path):
    assert sources.assemble(tmp_path / "made") == 2 + len(sources.REFERENCE)
    made = {str(p.relative_to(tmp_path / "made")) for p in (tmp_path / "made").rglob("*.*")}
    assert made >= {"index.md", "notebooks/00_a.ipynb", *sources.REFERENCE}


def test_a_missing_notebook(one_page, tmp_path):
    (one_page / "00_a.ipynb").unlink()
    with pytest.raises(CourseError, match="00_a.ipynb: missing. `tlhelpers pages 00`"):
        sources.assemble(tmp_path / "made")


def test_a_notebook_that_was_not_executed(one_page, tmp_path):
    made = nbformat.read(one_page / "00_a.ipynb", 4)
    made.cells[1].execution_count = None
    nbformat.write(made, one_page / "00_a.ipynb")
    with pytest.raises(CourseError, match="00_a.ipynb: code cell 1 was not executed: `print"):
        sources.assemble(tmp_path / "made")


def test_a_notebook_that_is_none(one_page, tmp_path):
    (one_page / "00_a.ipynb").write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(CourseError, match="00_a.ipynb: no notebook") as problem:
        sources.assemble(tmp_path / "made")
    assert "\n" not in str(problem.value)


def test_a_missing_text(one_page, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "REFERENCE", {"docs/gone.md": "Gone"})
    with pytest.raises(CourseError, match="docs/gone.md"):
        sources.assemble(tmp_path / "made")


def test_without_sphinx(monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "furo" else find(name)
    )
    said = refused("site", "--out", str(tmp_path / "site"))
    assert said == 'The site needs furo, which is not installed: pip install -e ".[site]"'


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert "has other files in it" in refused("site", "--out", str(tmp_path))
    assert "is a file" in refused("site", "--out", str(tmp_path / "thesis.tex"))
    assert (tmp_path / "thesis.tex").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(
    "address",
    [
        *("example.org", "ftp://example.org", "http:///", "https://", "https://:443/course"),
        *("https://[", "https://example.org:port", "https://example.org/my course"),
        *("https://example.org/?page=1", "https://example.org/#top"),
    ],
)
def test_an_address_that_is_none(tmp_path, address):
    said = refused("site", "--out", str(tmp_path / "s"), "--base-url", address)
    assert said.startswith(f"--base-url {address}: write the whole address, such as https://")


def test_a_failure_leaves_the_site_before(tmp_path, monkeypatch):
    for name in ("index.html", "searchindex.js"):
        (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "site" / name).write_text("before", encoding="utf-8")

    def fail(folder):
        raise CourseError("a page is missing")

    monkeypatch.setattr(sources, "assemble", fail)
    with pytest.raises(CourseError, match="a page is missing"):
        site.write(tmp_path / "site")
    assert [p.name for p in tmp_path.iterdir()] == ["site"]
    assert (tmp_path / "site" / "index.html").read_text(encoding="utf-8") == "before"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x](no_such.md)", "index.md:3: .*'no_such.md'"),
        ("[x](README.md#no-such-part)", "index.md:3: .*'no-such-part'"),
        ("$$\\nosuchcommand{x}$$", r"index.md:3: .*equation '\\nosuchcommand"),
        ("![](x.png)", "index.md: .*image without alternative text: x.png"),
    ],
)
def test_a_fault_in_a_text_ends_the_build(tmp_path, text, said):
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text(f"# T\n\n{text}\n", encoding="utf-8")
    (source / "x.png").write_bytes((paths.PROJECT / "docs" / "doctor.png").read_bytes())
    with pytest.raises(CourseError, match=said) as problem:
        sphinx_build.build(source, tmp_path / "html", tmp_path / "doctrees", "")
    assert "\n" not in str(problem.value)


# The site -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The whole site, replacing one from before."""
    folder = tmp_path_factory.mktemp("site") / "html"
    folder.mkdir()
    for name in ("index.html", "searchindex.js", "gone.html"):
        (folder / name).write_text("before", encoding="utf-8")
    relative = Path(os.path.relpath(folder))  # Sphinx looks for relative folders elsewhere
    assert site.write(relative, BASE) == 1 + len(PAGES) + len(sources.REFERENCE)
    assert not (folder / "gone.html").exists()
    assert [p.name for p in folder.parent.iterdir()] == ["html"]
    return folder


@pytest.fixture(scope="module")
def soups(built) -> dict[Path, BeautifulSoup]:
    return {file: BeautifulSoup(file.read_bytes(), "html.parser") for file in built.rglob("*.html")}


def of_page(soups, name) -> BeautifulSoup:
    return next(soup for file, soup in soups.items() if file.stem == name)


@pytest.mark.slow
def test_every_internal_link_leads_somewhere(built, soups):
    checked, dead = 0, []
    for file, soup in soups.items():
        for element in soup.find_all(["a", "link", "img", "script"]):
            address = element.get("href") or element.get("src") or ""
            there = urllib.parse.urlsplit(address)
            if there.scheme or not address:
                continue
            checked += 1
            target = (file.parent / urllib.parse.unquote(there.path)).resolve()
            target = file if not there.path else target
            if not target.is_file() or not target.is_relative_to(built):
                dead.append(f"{file.name}: {address}")
            elif there.fragment and soups[target].find(id=there.fragment) is None:
                dead.append(f"{file.name}: {address}, no such part")
    assert not dead and checked > 1000


@pytest.mark.slow
def test_files_of_the_repository_are_linked_on_github(soups):
    found = {
        urllib.parse.urlsplit(a["href"]).path.partition("/main/")[2]
        for soup in soups.values()
        for a in soup.find_all("a", href=True)
        if a["href"].startswith(f"{links.GITHUB}/")
        and "/issues/" not in a["href"]
        and "/main/" in a["href"]
    }
    assert {"CONTRIBUTING.md", "notebooks/04_batchnorm_lags.ipynb", "README.md"} <= found
    assert not [path for path in found if not (paths.PROJECT / path).exists()]


@pytest.mark.slow
def test_nothing_is_asked_for_elsewhere(built, soups):
    """Links may lead elsewhere; what a browser fetches by itself may not."""
    for file, soup in soups.items():
        for element in soup.find_all(True):
            if element.name == "a" or element.get("rel") == ["canonical"]:
                continue
            for name in ("src", "srcset", "href", "data", "poster", "xlink:href"):
                address = element.get(name) or ""
                assert not re.match(r"(https?:)?//", address), f"{file.name}: {element}"
        for style in soup.find_all("style"):
            assert not re.search(r"(?:url\(|@import)\W*(?:https?:)?//", style.text), file.name
    for file in built.rglob("*.css"):
        assert not re.search(
            r"(?:url\(|@import)\W*(?:https?:)?//", file.read_text(encoding="utf-8")
        ), file.name


@pytest.mark.slow
def test_every_image_says_what_it_shows(soups):
    images = [(f.name, image) for f, soup in soups.items() for image in soup.find_all("img")]
    assert len(images) > 45
    assert not [(name, image["src"]) for name, image in images if not image.get("alt", "").strip()]
    drawn = [svg for soup in soups.values() for svg in soup.find_all("svg", role="img")]
    assert drawn and all(svg.get("aria-label") for svg in drawn)


@pytest.mark.slow
def test_the_animation_still_moves(built, soups):
    files = {
        (built / "notebooks" / image["src"]).resolve()
        for image in of_page(soups, "04_batchnorm_lags").find_all("img")
    }
    assert sum(b"acTL" in file.read_bytes() for file in files) == 1


@pytest.mark.slow
def test_search_finds_batchnorm(built):
    text = (built / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    found = [index[part]["batchnorm"] for part in ("terms", "titleterms")]
    numbers = [number for each in found for number in (each if isinstance(each, list) else [each])]
    names = {index["docnames"][number] for number in numbers}
    assert {"notebooks/04_batchnorm_lags", "notebooks/05_freezing_batchnorm", "index"} <= names


@pytest.mark.slow
@pytest.mark.parametrize(("way", "first"), [("next", "index"), ("prev", "PROTOCOL")])
def test_next_and_back_lead_through_all_pages(built, soups, way, first):
    file = next(file for file in soups if file.stem == first)
    seen = [file]
    while link := soups[file].find("a", class_=f"{way}-page"):
        file = (file.parent / link["href"].rstrip("#")).resolve()
        assert file not in seen
        seen.append(file)
    order = ["index", *PAGES, *(Path(name).stem for name in sources.REFERENCE)]
    assert [file.stem for file in seen] == (order if way == "next" else order[::-1])


@pytest.mark.slow
def test_every_page_describes_itself_to_search_engines(soups):
    described = {}
    for file, soup in soups.items():
        if file.stem == "search":
            assert soup.find("meta", attrs={"name": "robots"})["content"] == "noindex"
            continue
        said = soup.find("meta", attrs={"name": "description"})["content"]
        assert 40 < len(said) <= 300 and "In one sentence" not in said
        described[said] = file
        assert soup.find("title").text.strip() and len(soup.find_all("h1")) == 1
        assert soup.find("link", rel="canonical")["href"].startswith(f"{BASE}/")
    assert len(described) == len(soups) - 1
    (said,) = [said for said, file in described.items() if file.stem == "04_batchnorm_lags"]
    assert said.startswith("Validation uses BatchNorm's running statistics")


def meta(soup) -> dict[str, str]:
    """What a page says to those who share a link to it."""
    return {tag["property"]: tag["content"] for tag in soup.find_all("meta", property=True)}


@pytest.mark.slow
def test_the_front_page_is_found_by_the_question(soups):
    front_page = of_page(soups, "index")
    question = of_page(soups, PAGES[0]).find("h1").find(string=True, recursive=False)
    title = f"{question} – Steady Fine-Tuning"
    assert question.endswith("?") and front_page.find("head").find("title").text == title
    assert meta(front_page)["og:title"] == title
    assert front_page.find(class_="sidebar-brand-text").text == "Steady Fine-Tuning"


@pytest.mark.slow
def test_a_shared_link_shows_title_text_and_a_figure(built, soups):
    with_figure = 0
    for file, soup in soups.items():
        if file.stem == "search":
            continue
        said = meta(soup)
        assert said["og:title"] and len(said["og:description"]) > 40, file.name
        figure = soup.find("article").find("img")
        assert ("og:image" in said) == (figure is not None), file.name
        if figure is not None:
            with_figure += 1
            assert said["og:image:alt"] == figure["alt"]
            name = said["og:image"].removeprefix(f"{BASE}/")
            assert (built / name).samefile(file.parent / figure["src"])
    assert with_figure > len(PAGES)


@pytest.mark.slow
def test_robots_are_let_in(built):
    lines = (built / "robots.txt").read_text(encoding="utf-8").splitlines()
    assert lines == ["User-agent: *", "Allow: /", f"Sitemap: {BASE}/sitemap.xml"]


@pytest.mark.slow
def test_without_an_address_nothing_names_one(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text("# T\n\nText.\n\n![A figure.](x.png)\n", encoding="utf-8")
    (source / "x.png").write_bytes((paths.PROJECT / "docs" / "doctor.png").read_bytes())
    sphinx_build.build(source, tmp_path / "html", tmp_path / "doctrees", "")
    robots = (tmp_path / "html" / "robots.txt").read_text(encoding="utf-8")
    assert "Sitemap" not in robots and not (tmp_path / "html" / "sitemap.xml").exists()
    soup = BeautifulSoup((tmp_path / "html" / "index.html").read_bytes(), "html.parser")
    assert set(meta(soup)) == {"og:type", "og:title", "og:description"}


@pytest.mark.slow
def test_the_sitemap_has_all_pages(built, soups):
    listed = re.findall("<loc>(.*?)</loc>", (built / "sitemap.xml").read_text(encoding="utf-8"))
    files = {str(file.relative_to(built)) for file in soups if file.stem != "search"}
    assert set(listed) == {f"{BASE}/{name}" for name in files} and len(listed) == len(files)


@pytest.mark.slow
def test_equations_need_no_script(soups):
    for name in ("06_step_length", "11_rare_classes"):
        assert len(of_page(soups, name).find_all("math", display="block")) == 1
    for file, soup in soups.items():
        scripts = " ".join(script.get("src", "") for script in soup.find_all("script"))
        assert "$$" not in soup.text and "mathjax" not in scripts.lower(), file.name


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_run_elsewhere_and_talked_about(soups, name):
    soup = of_page(soups, name)
    text = " ".join(soup.text.split())
    addresses = [a["href"] for a in soup.find("p", class_="run-page").find_all("a")]
    assert [f"{name}.ipynb" in address for address in addresses] == [True, True, False]
    (tell,) = [a["href"] for a in soup.find_all("a", href=re.compile("/issues/new"))]
    (title,) = urllib.parse.parse_qs(urllib.parse.urlsplit(tell).query)["title"]
    heading = soup.find("h1").find(string=True, recursive=False)
    assert title.startswith(f"Page {name[:2]}, {heading}")
    assert NOT_TRIED not in text and "Contents ·" not in text
    assert text.count("Code does not run here") == ("tl.check(" in text)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_boxes_hold_what_they_did(soups, name):
    written = (
        (paths.NOTEBOOKS / "src" / f"{name}.py").read_text(encoding="utf-8").count("<details>")
    )
    boxes = [
        box
        for box in of_page(soups, name).find_all("details")
        if not box.find_parents("div", class_="tld")
    ]
    assert len(boxes) == written
    for box in boxes:
        assert box.find("summary").text.strip() and len(box.text) > 20
        assert not box.find(["h2", "details"])
