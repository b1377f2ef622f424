"""An empty course of its own, in place of the project's."""

import pytest

from tlhelpers.core import paths


@pytest.fixture
def course(tmp_path, monkeypatch):
    """An empty course of its own, in place of the project's."""
    folder = tmp_path / "notebooks {braces}"
    (folder / "src").mkdir(parents=True)
    monkeypatch.setattr(paths, "NOTEBOOKS", folder)
    return folder
