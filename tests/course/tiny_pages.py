"""Tiny pages without Keras, and the command that makes and runs them."""

import sys

import nbformat
import papermill
import pytest

from tlhelpers import cli
from tlhelpers.course import pages

SOURCE = """\
# %% [markdown]
# # How unsteady?

# %% tags=["parameters"]
profile = "quick"
live = False

# %% tags=["nbval-check-output"]
print("steady", profile)

# %%
a = 3
a + 1
"""
PICTURE = """
# %%
from IPython.display import display
display({"image/png": "AAAA"}, metadata={"image/png": {"alt": "Loss <falls>"}}, raw=True)
"""


def notebook(folder, name, *cells, parameters='profile = "quick"'):
    """A page that was never executed."""
    page = nbformat.v4.new_notebook(metadata=pages._METADATA)
    page.cells = [
        nbformat.v4.new_markdown_cell(f"# {name[:2]} · Page {name}"),
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(nbformat.v4.new_code_cell(cell) for cell in cells),
    ]
    path = folder / f"{name}.ipynb"
    nbformat.write(page, path)
    return path


def executed(source, target):
    """What `pages.build` makes of SOURCE, without a kernel."""
    pages.build(source, target, execute=False)
    page = nbformat.read(target, as_version=4)
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
    code[1].outputs = [nbformat.v4.new_output("stream", text="steady quick\n")]
    nbformat.write(page, target)
    return page


def command(monkeypatch, *arguments):
    """Exit code of the `tlhelpers` command."""
    monkeypatch.setattr(sys, "argv", ["tlhelpers", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def pretend(monkeypatch, *problems):
    """Make papermill raise `problems`, one a call, and copy the page after them; its calls."""
    left, calls = list(problems), []

    def execute(source, target, *_, **__):
        calls.append(source)
        if left:
            raise left.pop(0)
        nbformat.write(nbformat.read(source, as_version=4), target)

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    return calls
