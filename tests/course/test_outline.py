"""What of a page goes on slides is the page's own, and a missing part is a line."""

from __future__ import annotations

import base64
import itertools

import nbformat
import pytest

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import outline, pages, slides

PNG = base64.b64encode(b"\x89PNG as far as this test looks").decode()
PAGE = """\
# %% [markdown]
# # A title
#
# **In one sentence.** One idea,
# over [two lines](01_other.ipynb).
#
# **You will be able to** read.
#
# **Time.** 9 minutes to read, 2 for
# the exercise. **You need** nothing.

# %% slide="figure"
draw()

# %% slide="code" slide_from="def f" slide_to="return"
def f(x):
    x = x + 1
    return x


f(2)

# %% [markdown]
# Before it.
#
# **Exercise 1 (2 minutes).** What is `a["b"]()` of
# [page 01](01_other.ipynb)?
#
# - a) one
# - b) two,
#   over two lines

# %%
draw("for the exercise")

# %% tags=["exercise"]
my_answer = None

# %% [markdown]
# **Exercise 2 (3 minutes).** In which order?

# %%
first = 1
second = 2

# %% tags=["exercise"]
my_answer = None

# %% [markdown]
# ## Key points
#
# - One thing, which goes
#   over two lines.
# - Another.
#
# <details><summary>How sure are we?</summary>
# </details>
"""


@pytest.fixture
def page(tmp_path):
    """Makes a notebook of a source, with a figure wherever the code draws."""

    def make(text: str):
        source = tmp_path / "src" / "07_page.py"
        source.parent.mkdir(exist_ok=True)
        source.write_text(text, encoding="utf-8")
        notebook = tmp_path / "07_page.ipynb"
        pages.build(source, notebook, execute=False)
        read = nbformat.read(notebook, as_version=4)
        for cell in read.cells:
            if "draw(" in cell.source and cell.cell_type == "code":
                words = {"image/png": {"alt": f"what {cell.source} shows"}}
                data = {"image/png": PNG, "text/plain": "Figure"}
                cell.outputs = [nbformat.v4.new_output("display_data", data, metadata=words)]
        nbformat.write(read, notebook)
        return notebook

    return make


def test_parts_of_a_page(page):
    found = outline.outline(page(PAGE))
    figure, other = (
        outline.Figure(base64.b64decode(PNG), f"what draw({words}) shows")
        for words in ("", '"for the exercise"')
    )
    question = 'What is `a["b"]()` of\npage 01?\n\n- a) one\n- b) two,\n  over two lines'
    order = outline.Code("python", "first = 1\nsecond = 2")
    assert found == outline.Outline(
        number="07",
        title="A title",
        sentence="One idea, over two lines.",
        minutes="9 minutes to read, 2 for the exercise.",
        figure=figure,
        code=outline.Code("python", "def f(x):\n    x = x + 1\n    return x"),
        exercises=(
            outline.Exercise("Exercise 1 (2 minutes)", question, other, None),
            outline.Exercise("Exercise 2 (3 minutes)", "In which order?", None, order),
        ),
        key_points=("One thing, which goes over two lines.", "Another."),
    )


def test_marks_are_not_in_the_notebook(page):
    """A mark changes nothing for the reader, and no notebook has to be made again for one."""
    marked = page(PAGE).read_text(encoding="utf-8")
    plain = page(PAGE.replace(' slide="figure"', "").replace(' slide="code"', "")).read_text(
        encoding="utf-8"
    )
    assert marked == plain and "slide" not in marked


@pytest.mark.parametrize("words", ["According to the figure, in", "Of the three panels, in"])
def test_a_question_that_speaks_of_a_figure_takes_the_one_before_it(page, words):
    text = PAGE.replace("In which order", f"{words} which order")
    (_, asked) = outline.outline(page(text)).exercises
    assert asked.figure.words == 'what draw("for the exercise") shows'
    (_, asked) = outline.outline(page(text.replace("first = 1", "draw(2)"))).exercises
    assert asked.figure.words.startswith("what draw(2)")  # behind it is its own


def test_a_question_that_speaks_of_a_figure_without_one(page):
    figure = '# %% slide="figure"\ndraw()\n'
    text = PAGE.replace(figure, "").replace('draw("for the exercise")', "x = 1")
    text = text.replace("What is", "Which panel is") + f"\n{figure}"
    with pytest.raises(CourseError, match=r"07_page.ipynb: Exercise 1 .* speaks of a figure"):
        outline.outline(page(text))


def test_long_code_of_an_exercise_stays_on_the_page(page):
    text = PAGE.replace("second = 2", "second = 2\n" * outline.FEW_LINES)
    assert outline.outline(page(text)).exercises[1].code is None


def test_of_a_difference_the_lines_that_change(page):
    text = PAGE.replace(' slide="code" slide_from="def f" slide_to="return"', "")
    diff = "# ```diff\n#  same\n# +import numpy\n# +new = 1\n# +\n# -old = 1\n#  same\n# ```\n"
    text += f'\n# %% [markdown] slide="code" slide_from="new"\n# Change this:\n#\n{diff}'
    assert outline.outline(page(text)).code == outline.Code("diff", "+new = 1\n-old = 1")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (' slide="figure"', "", "has no figure for its slide"),
        ("draw()", "print()", "has no figure for its slide"),
        ('slide="code"', 'slide="figure"', 'has slide="figure" twice'),
        ('slide_from="def f"', 'slide_from="y ="', "no line of the code for its slide has 'y ='"),
        ('slide_to="return"', 'slide_to="yield"', "no line of the code for its slide has 'yield'"),
        ("    return x", "    x += 1\n" * 18 + "    return x", "21 lines of code for a slide"),
        ('slide_from="def f"', 'slide_from="x ="', "is a part of something, `x = x . 1`"),
        ('slide_to="return"', 'slide_to="def f"', "is a part of something, `def f.x.:`"),
        ("**In one sentence.**", "In short:", "has no 'In one sentence'"),
        ("**Time.**", "It takes", "has no 'Time'"),
        ("## Key points", "## Summary", "has no 'Key points'"),
    ],
)
def test_a_part_that_is_missing(page, old, new, said):
    assert old in PAGE
    with pytest.raises(CourseError, match=said) as problem:
        outline.outline(page(PAGE.replace(old, new)))
    assert "\n" not in str(problem.value) and "07_page.ipynb" in str(problem.value)


def test_a_notebook_of_another_source(page, tmp_path):
    notebook = page(PAGE)
    (tmp_path / "src" / "07_page.py").write_text(PAGE.replace("x + 1", "x + 2"), encoding="utf-8")
    with pytest.raises(CourseError, match="`tlhelpers pages 07`"):
        outline.outline(notebook)


def test_functions_and_classes_of_a_page(page):
    notebook = page(PAGE)
    assert outline.function(notebook, "f") == "def f(x):\n    x = x + 1\n    return x"
    with pytest.raises(CourseError, match="defines no 'g'"):
        outline.function(notebook, "g")


@pytest.mark.parametrize(
    ("number", "exercise", "shown"),
    [
        ("05", 0, "model = build(training=False)"),
        ("07", 0, "swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)"),
        ("15", 2, "Three troubles"),
    ],
)
def test_what_a_question_asks_about_is_shown(number, exercise, shown):
    (notebook,) = pages.find([number])
    asked = outline.outline(notebook).exercises[exercise]
    assert shown in (asked.code.text if asked.code else asked.figure.words)


@pytest.mark.parametrize("notebook", pages.find(slides.PATH), ids=lambda page: page.stem[:2])
def test_every_page_of_the_path_has_all_of_it(notebook):
    found = outline.outline(notebook)
    assert found.figure.png.startswith(b"\x89PNG") and len(found.figure.words) > 40
    assert found.code and 2 <= len(found.code.text.splitlines()) <= outline.MOST_LINES + 2
    assert found.exercises and len(found.key_points) == 3
    text = " ".join(
        (paths.NOTEBOOKS / "src" / f"{notebook.stem}.py").read_text(encoding="utf-8").split("\n# ")
    )
    for said in itertools.chain([found.title, found.sentence], found.key_points):
        assert " ".join(said.split())[:40] in " ".join(text.split())
