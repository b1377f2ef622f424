"""A deck of slides: whole or not at all, and in nobody's way."""

from __future__ import annotations

import re

import pytest

from tlhelpers.core.errors import CourseError
from tlhelpers.course import slides
from tlhelpers.course.outline import Code, Exercise, Figure, Outline

PAGE = Outline(
    number="07",
    title="A title",
    sentence="One idea.",
    minutes="9 minutes to read.",
    figure=Figure(b"\x89PNG one", 'Loss: "0.1" to 0.2'),
    code=Code("python", "x = 1"),
    exercises=(
        Exercise("Exercise 1 (2 minutes)", "Which?\n\n- a", Figure(b"\x89PNG two", "Curves"), None),
        Exercise("Exercise 2 (3 minutes)", "Why?", None, Code("python", "y = 2")),
    ),
    key_points=("This.", "That."),
)


def test_one_heading_a_slide_and_a_figure_where_there_is_one():
    text, figures = slides.markdown([PAGE], "The course")
    assert re.findall(r"^#+ .*", text, re.MULTILINE) == [
        "# The course",
        "## 07 · A title",
        "### 07 · In Keras",
        "### 07 · Exercise 1 (2 minutes)",
        "### 07 · Exercise 2 (3 minutes)",
        "### 07 · Key points",
    ]
    assert list(figures) == ["07-figure.png", "07-exercise-1.png"]
    assert "\nWhy?\n" in text and "\n```python\ny = 2\n```\n\n### 07 · Key points" in text
    assert ':alt: "Loss: \\"0.1\\" to 0.2"' in text  # a colon would end the option


def made(folder, page=PAGE):
    return slides.write([page], "The course", folder)


def test_a_deck(tmp_path):
    """Made twice: the second takes the place of the first."""
    folder = tmp_path / "new" / "deck"
    assert made(folder) == made(folder) == 6
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert html.count("<h1>") == 1 and html.count("<h2>") == 1 and html.count("<h3>") == 4
    assert 'alt="Loss: &quot;0.1&quot; to 0.2"' in html
    assert '<aside class="notes">9 minutes to read.</aside>' in html
    assert "<html lang=" in html.replace("\n", " ")
    assert (folder / "_images" / "07-figure.png").read_bytes() == PAGE.figure.png
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', html)
    assert [path.name for path in folder.parent.iterdir()] == ["deck"]  # nothing half made


def test_the_folder_of_somebody_elses_files_stays(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years", encoding="utf-8")
    with pytest.raises(CourseError, match="has other files in it"):
        made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(CourseError, match="is a file"):
        made(tmp_path / "thesis.txt")


def test_a_deck_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    folder = tmp_path / "deck"
    made(folder)
    before = (folder / "index.html").read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(slides, "_sphinx", fail)
    with pytest.raises(CourseError, match="No space left on device"):
        made(folder)
    assert (folder / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["deck"]


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sphinx_revealjs", None)
    with pytest.raises(CourseError, match=r"pip install -c constraints.txt -e \"\.\[site\]\""):
        made(tmp_path / "deck")
