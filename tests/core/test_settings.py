"""Environment variables that are set and empty, Keras's own settings, and where things are."""

import json
from pathlib import Path

import pytest

from tlhelpers.core import machine, paths, progress
from tlhelpers.core.errors import CourseError
from tlhelpers.core.settings import keras_backend, keras_home, setting


@pytest.mark.parametrize("value", ["", " "])
def test_empty_is_not_set(monkeypatch, value):
    for name in ("TLHELPERS_BUILD", "TLHELPERS_DATA", "KERAS_HOME", "TLHELPERS_PROGRESS"):
        monkeypatch.setenv(name, value)
        assert setting(name) is None
    assert paths.build() == paths.PROJECT / "build" and paths.data() == paths.PROJECT / "data"
    assert keras_home() == Path.home() / ".keras"
    monkeypatch.setenv(progress.FOLDER, value)
    monkeypatch.setenv("TLHELPERS_PROGRESS", "1")
    with progress.bar(total=1) as bar:  # it would be written to a file in the current folder
        assert not isinstance(bar, progress._ReportedBar)


def test_set_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path))
    assert paths.build() == tmp_path


@pytest.mark.parametrize(
    ("file", "named", "backend"),
    [
        (None, None, "tensorflow"),
        ({"backend": "jax"}, None, "jax"),
        ({"backend": "jax"}, "", "jax"),
        ({"backend": "jax"}, "torch", "torch"),
        ({"floatx": "float32"}, None, "tensorflow"),
        ("{damaged", None, "tensorflow"),
        ([1], None, "tensorflow"),
        ({"backend": 3}, None, "tensorflow"),
    ],
)
def test_the_backend_is_found_as_keras_finds_it(monkeypatch, tmp_path, file, named, backend):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if named is not None:
        monkeypatch.setenv("KERAS_BACKEND", named)
    if file is not None:
        text = file if isinstance(file, str) else json.dumps(file)
        (tmp_path / "keras.json").write_text(text, encoding="utf-8")
    assert keras_backend() == backend
    assert machine.installed()["backend"].startswith(f"{backend} ")


def test_an_installed_package_says_what_a_command_needs(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLHELPERS_BUILD", "")
    with pytest.raises(CourseError, match="'tlhelpers record' needs the course's pages"):
        paths.require_clone("tlhelpers record")
    assert paths.build() == tmp_path / "build"
