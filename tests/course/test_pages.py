"""Making and guarding pages, on tiny ones without Keras."""

from urllib.parse import quote

import nbformat
import pytest

from tests.course.tiny_pages import PICTURE, SOURCE, command, executed, pretend
from tlhelpers.analysis import prose
from tlhelpers.cli import course as commands
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages

# Making pages


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A source and the notebook made from it."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "01_noise.py"
    source.write_text(SOURCE + PICTURE, encoding="utf-8")
    pages.build(source, folder / "01_noise.ipynb")
    return source, folder / "01_noise.ipynb"


def test_build_makes_a_page_that_the_guard_accepts(built):
    source, target = built
    assert pages.check(source, target) == []
    page = nbformat.read(target, as_version=4)
    nbformat.validate(page)
    assert page.metadata == pages._METADATA
    assert page.cells[2].outputs[0].text == "steady quick\n"
    assert page.cells[1].metadata == {"tags": ["parameters"]}
    assert not any("execution" in cell.metadata for cell in page.cells)
    assert str(source.parent) not in target.read_text(encoding="utf-8")


def test_build_again_gives_the_same_bytes(built, tmp_path):
    source, target = built
    pages.build(source, tmp_path / "again.ipynb")
    assert (tmp_path / "again.ipynb").read_bytes() == target.read_bytes()


def test_where_only_text_has_changed_outputs_can_stay(built, tmp_path):
    source, target = tmp_path / built[0].name, tmp_path / built[1].name
    text = built[0].read_text(encoding="utf-8")
    target.write_bytes(built[1].read_bytes())
    source.write_text(text + "\n# %% [markdown]\n# One more.\n", encoding="utf-8")
    pages.build(source, target, execute=False)
    assert pages.check(source, target) == []
    assert "One more." in target.read_text(encoding="utf-8")
    source.write_text(text + "\n# %%\nprint(1)\n", encoding="utf-8")
    pages.build(source, target, execute=False)
    assert "has no outputs at all" in pages.check(source, target)[-1]


def test_a_new_cell_leaves_the_ids_of_the_others(tmp_path):
    def ids(text):
        (tmp_path / "01_a.py").write_text(text, encoding="utf-8")
        pages.build(tmp_path / "01_a.py", tmp_path / "01_a.ipynb", execute=False)
        return [cell.id for cell in nbformat.read(tmp_path / "01_a.ipynb", as_version=4).cells]

    first = ids("# %%\nx = 1\n\n# %%\nx = 1\n")
    assert len(set(first)) == 2
    assert ids("# %% [markdown]\n# New\n\n# %%\nx = 1\n\n# %%\nx = 1\n")[1:] == first


def test_a_page_is_made_without_what_was_trained_here(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path))  # holds the source at least
    source = tmp_path / "01_a.py"
    source.write_text(
        '# %%\nimport os\n\nprint(os.listdir(os.environ["TLHELPERS_BUILD"]))\n', encoding="utf-8"
    )
    pages.build(source, tmp_path / "01_a.ipynb")
    page = nbformat.read(tmp_path / "01_a.ipynb", as_version=4)
    assert page.cells[0].outputs[0].text == "[]\n"


def test_build_keeps_the_old_page_when_a_cell_fails(tmp_path):
    (tmp_path / "01_a.py").write_text("# %%\nx = 1\n\n# %%\n# Why\n1 / 0\n", encoding="utf-8")
    (tmp_path / "01_a.ipynb").write_text("old", encoding="utf-8")
    with pytest.raises(CourseError, match=r"01_a, cell 2 `1 / 0`: ZeroDivisionError: division"):
        pages.build(tmp_path / "01_a.py", tmp_path / "01_a.ipynb")
    assert (tmp_path / "01_a.ipynb").read_text(encoding="utf-8") == "old"


def test_build_says_where_it_cannot_write(tmp_path):
    (tmp_path / "01_a.py").write_text("# %%\nx = 1\n", encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CourseError, match="Could not write .*01_a.ipynb"):
        pages.build(tmp_path / "01_a.py", tmp_path / "file" / "01_a.ipynb", execute=False)


# The guard


def _strip(page):
    for cell in page.cells[1:]:
        cell.outputs = []


def _forget_order(page):
    page.cells[2].execution_count = None
    page.cells[3].execution_count = 7


def _edit(page):
    page.cells[3].source = "a = 4\na + 1"


def _edit_prose(page):
    page.cells[0].source = "# How steady?"


def _untag(page):
    page.cells[1].metadata = {}


def _add(page):
    page.cells.append(nbformat.v4.new_markdown_cell("More"))


def _fail(page):
    page.cells[3].outputs = [nbformat.v4.new_output("error", ename="NameError", evalue="a")]


def _mute(page):
    page.cells[3].outputs = page.cells[2].outputs
    page.cells[2].outputs = []


def _other_kernel(page):
    page.metadata.kernelspec.name = "venv"


@pytest.mark.parametrize(
    ("damage", "problems"),
    [
        (_strip, ["no outputs at all"]),
        (_forget_order, ["code cell 2 was not executed", "3 was executed out of order, as [7]"]),
        (_edit, ["cell 4 (code) differs from the source: `a = 4`"]),
        (_edit_prose, ["cell 1 (markdown) differs"]),
        (_untag, ["cell 2 (code) differs"]),
        (_add, ["has 5 cells, the source 4"]),
        (_fail, ["code cell 3 shows NameError: `a = 3`"]),
        (_mute, ['code cell 2 has no output: `print("steady", profile)`']),
        (_other_kernel, ["kernelspec is 'venv'"]),
        (lambda page: None, []),
    ],
)
def test_guard_finds(tmp_path, damage, problems):
    source, target = tmp_path / "01_noise.py", tmp_path / "01_noise.ipynb"
    source.write_text(SOURCE, encoding="utf-8")
    page = executed(source, target)
    damage(page)
    nbformat.write(page, target)
    found = pages.check(source, target)
    assert len(found) == len(problems)
    assert all(part in line for part, line in zip(problems, found, strict=True))


def test_guard_finds_a_page_that_is_missing(tmp_path):
    (tmp_path / "01_noise.py").write_text(SOURCE, encoding="utf-8")
    found = pages.check(tmp_path / "01_noise.py", tmp_path / "01_noise.ipynb")
    assert found == ["missing. `tlhelpers pages 01` makes it."]


VALID = '"nbformat": 4, "nbformat_minor": 5, "metadata": {}'


@pytest.mark.parametrize(
    "text",
    [
        b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n",
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"nbformat": 99}',
        f'{{{VALID}, "cells": 3}}'.encode(),
        f'{{{VALID}, "cells": [{{}}]}}'.encode(),
    ],
)
def test_guard_finds_what_is_no_notebook(course, monkeypatch, capsys, text):
    """Such as one that two people changed, with git's marks in it."""
    (course / "src" / "01_noise.py").write_text(SOURCE, encoding="utf-8")
    (course / "01_noise.ipynb").write_bytes(text)
    assert command(monkeypatch, "pages", "--check") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("01_noise.ipynb: no notebook (")
    with pytest.raises(CourseError, match="01_noise.ipynb: no notebook") as error:
        pages.students_copy(course / "01_noise.ipynb", course / "copy.ipynb")
    assert "\n" not in str(error.value) and not (course / "copy.ipynb").exists()


@pytest.mark.parametrize(
    ("code", "tags", "sure"),
    [
        ("print(1)", [], True),
        ("x", ["nbval-check-output"], True),
        ("if x:\n    print(1)", [], False),
        ("text = print", [], False),
        ("%magic", [], False),
    ],
)
def test_cells_that_are_sure_to_print(code, tags, sure):
    cell = nbformat.v4.new_code_cell(code, metadata={"tags": tags})
    assert pages._prints(cell) is sure


def test_pages_lead_to_each_other(course):
    for name, title in (("00_start", "Start"), ("01_noise", "01 · Noise"), ("02_end", "End")):
        text = f"# %% [markdown]\n# # {title}\n#\n# **In one sentence.** It\n# moves.\n#\n# More.\n"
        contents = "# %% [markdown]\n# {{contents}}\n" if name == "00_start" else ""
        (course / "src" / f"{name}.py").write_text(text + contents, encoding="utf-8")
    first, middle, last = (
        pages._read_source(course / "src" / f"{name}.py").cells
        for name in ("00_start", "01_noise", "02_end")
    )
    assert "- [01 · Noise](01_noise.ipynb). It moves." in first[1].source
    assert "Back" not in first[-1].source and "**Next:** [01 · Noise]" in first[-1].source
    assert "**Back:** [00 · Start](00_start.ipynb)" in middle[-1].source
    assert "**Next:** [02 · End](02_end.ipynb)" in middle[-1].source
    assert "Next" not in last[-1].source and "#Contents" in last[-1].source


def test_a_students_copy_has_no_solutions(course, tmp_path):
    source = course / "src" / "01_a.py"
    source.write_text(
        "# %% [markdown]\n# # A\n\n# %%\nmy_answer = None\n\n"
        '# %% [markdown] tags=["solution"]\n# It is 3.\n',
        encoding="utf-8",
    )
    pages.build(source, course / "01_a.ipynb", execute=False)
    assert pages.students_copy(course / "01_a.ipynb", tmp_path / "new" / "01_a.ipynb") == 1
    text = (tmp_path / "new" / "01_a.ipynb").read_text(encoding="utf-8")
    assert "It is 3" not in text and "my_answer" in text
    before = (course / "01_a.ipynb").read_bytes()
    with pytest.raises(CourseError, match="is the page itself"):
        pages.students_copy(course / "01_a.ipynb", course / "src" / ".." / "01_a.ipynb")
    assert (course / "01_a.ipynb").read_bytes() == before


def test_a_students_copy_replaces_nothing_but_one(course, tmp_path):
    (course / "src" / "01_a.py").write_text("# %% [markdown]\n# # A\n", encoding="utf-8")
    pages.build(course / "src" / "01_a.py", course / "01_a.ipynb", execute=False)
    copy = tmp_path / "01_a.ipynb"
    for text in ("{}", (course / "01_a.ipynb").read_text(encoding="utf-8")):
        copy.write_text(text, encoding="utf-8")
        with pytest.raises(CourseError, match="is no copy of a page: choose another folder"):
            pages.students_copy(course / "01_a.ipynb", copy)
        assert copy.read_text(encoding="utf-8") == text
        assert not pages.has_students_copies(tmp_path)
    copy.unlink()
    for _ in range(2):
        pages.students_copy(course / "01_a.ipynb", copy)
    assert pages.has_students_copies(tmp_path)


def test_copies_do_not_go_among_the_sources(project, course, tmp_path, monkeypatch, capsys):
    for source in (course / "src").iterdir():
        executed(source, course / f"{source.stem}.ipynb")
    for folder in (course / "src", course, course.parent):
        before = sorted(folder.iterdir())
        assert command(monkeypatch, "pages", "--student", folder) == 2
        assert f"{folder} has other files in it" in capsys.readouterr().err
        assert sorted(folder.iterdir()) == before
    new = tmp_path / "new"
    for numbers in ((), ("2",)):
        assert command(monkeypatch, "pages", *numbers, "--student", new) == 0
    assert {path.name for path in new.iterdir()} == {"01_noise.ipynb", "02_more.ipynb"}


LINKED = """\
# %% [markdown]
# # A page
#
# [beside](02_more.ipynb#End), [not copied](03_not.ipynb), [a file](../docs/a%20file.md#there),
# <a href="../recordings">a folder</a>, [below](#below), [the web](https://example.org/docs),
# and `losses[0](docs)`.
"""


def test_links_of_a_students_copy_lead_to_github(project, course, tmp_path):
    for name in ("docs", "recordings"):
        (project / name).mkdir()
    for file in (project / "docs" / "a file.md", course / "03_not.ipynb"):
        file.touch()
    (course / "src" / "01_noise.py").write_text(LINKED, encoding="utf-8")
    pages.build(course / "src" / "01_noise.py", course / "01_noise.ipynb", execute=False)
    (course / "02_more.ipynb").touch()
    copy = tmp_path / "copies" / "01_noise.ipynb"
    pages.students_copy(course / "01_noise.ipynb", copy, {"01_noise.ipynb", "02_more.ipynb"})
    text = nbformat.read(copy, as_version=4).cells[0].source
    at = "https://github.com/steady-fine-tuning/steady-fine-tuning"
    page = f"{at}/blob/main/{quote(course.name)}/03_not.ipynb"
    assert text.splitlines()[2:] == [
        f"[beside](02_more.ipynb#End), [not copied]({page}), "
        f"[a file]({at}/blob/main/docs/a%20file.md#there),",
        f'<a href="{at}/tree/main/recordings">a folder</a>, [below](#below), '
        "[the web](https://example.org/docs),",
        "and `losses[0](docs)`.",
    ]


def test_an_empty_number_is_no_page(course):
    (course / "00_a.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(CourseError, match="number of a page is empty"):
        pages.find([""], course)


def test_what_tensorflow_writes_when_it_is_imported_is_no_output():
    chatter = (
        "WARNING: All log messages before absl::InitializeLog() is called\nI0000 0 port.cc:153] x\n"
    )
    for text, gone in ((chatter, True), (chatter + "Traceback\n", False), ("careful\n", False)):
        output = nbformat.v4.new_output("stream", name="stderr", text=text)
        assert pages._is_chatter(output) is gone


def test_build_says_that_there_was_no_kernel(tmp_path, monkeypatch):
    pretend(monkeypatch, TimeoutError("no reply"))
    (tmp_path / "01_a.py").write_text("# %%\nx = 1\n", encoding="utf-8")
    with pytest.raises(CourseError, match="^01_a, before any cell: TimeoutError: no reply$"):
        pages.build(tmp_path / "01_a.py", tmp_path / "01_a.ipynb")


# The command


@pytest.fixture
def project(course, monkeypatch):
    """The README and its figures are of this course as well, not the project's."""
    monkeypatch.setattr(paths, "PROJECT", course.parent)
    (course.parent / "README.md").write_text("No claims.\n", encoding="utf-8")
    for name in ("01_noise", "02_more"):
        (course / "src" / f"{name}.py").write_text(SOURCE, encoding="utf-8")
    return course.parent


def test_command_makes_and_checks(project, course, monkeypatch, capsys):
    said, build = [], pages.build

    def building(*given, **options):
        said.append(capsys.readouterr().out)
        build(*given, **options)

    monkeypatch.setattr(pages, "build", building)
    assert command(monkeypatch, "pages", "1", "--no-execute") == 0
    assert said == ["01_noise.ipynb …\n"]
    told = capsys.readouterr().out
    assert "01_noise.ipynb made in" in told and "01_noise.ipynb: has no outputs at all" in told
    assert command(monkeypatch, "pages", "1", "--check") == 1
    assert "01_noise.ipynb: has no outputs at all" in capsys.readouterr().out
    executed(course / "src" / "01_noise.py", course / "01_noise.ipynb")
    assert command(monkeypatch, "pages", "1", "--check") == 0


@pytest.mark.parametrize(
    ("arguments", "touched"),
    [
        (["1"], False),
        (["1", "--readme"], True),
        ([], True),
        (["--no-readme"], False),
        (["--check"], False),
    ],
)
def test_readme_and_figures_are_made_with_all_pages_or_if_asked_for(
    project, monkeypatch, arguments, touched
):
    monkeypatch.setattr(prose, "refresh", lambda text: text + "Fresh.\n")
    drawn = []
    monkeypatch.setattr(commands, "_readme_figures", drawn.append)
    command(monkeypatch, "pages", "--no-execute", *arguments)
    assert (project / "README.md").read_text(
        encoding="utf-8"
    ) == "No claims.\n" + "Fresh.\n" * touched
    assert drawn == [project / "docs"] * touched


def test_figures_of_the_readme(tmp_path):
    commands._readme_figures(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"jumps.png"}


def test_a_check_that_shall_write_is_refused(project, monkeypatch, capsys):
    assert command(monkeypatch, "pages", "--check", "--readme") == 2
    assert "--check writes nothing" in capsys.readouterr().err


def test_notebooks_without_source_are_told_and_removed(project, course, monkeypatch, capsys):
    """As after a page was given another name; what is not called like a page is not ours."""
    for source in (course / "src").iterdir():
        executed(source, course / f"{source.stem}.ipynb")
    old, other = course / "01_old_name.ipynb", course / "Untitled.ipynb"
    old.touch()
    other.touch()
    assert command(monkeypatch, "pages", "--check") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "01_old_name.ipynb: has no source; `tlhelpers pages` removes it"
    assert command(monkeypatch, "pages", "1", "--no-execute") == 0
    assert old.exists()
    assert command(monkeypatch, "pages", "--no-execute", "--no-readme") == 0
    assert "01_old_name.ipynb removed: it has no source" in capsys.readouterr().out
    assert other.exists() and not old.exists()
