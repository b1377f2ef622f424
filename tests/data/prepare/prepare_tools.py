"""What the tests of the prepare commands share: sources made on the fly, and runs of a script."""

import contextlib
import importlib.util
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tlhelpers.data.prepare import prepared as layout

ROOT = Path(__file__).parents[3]


def load_script(name):
    """A script of data_scripts as a module."""
    file = ROOT / "data_scripts" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def as_folder(path, files):
    """Files, path to bytes, written into a folder."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def as_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def contents(folder):
    """Every byte that must not depend on how often a run was stopped."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "about.json"}


def progress_lines(target):
    log = target / "progress.jsonl"
    return log.read_bytes().count(b"\n") - 1 if log.exists() else 0


def overtaken(module, by):
    """Let another run, `by`, finish before `module` gets its next lock."""
    original, patch = module.locked, pytest.MonkeyPatch()

    @contextlib.contextmanager
    def locked(folder, doing):
        patch.undo()
        by()
        with original(folder, doing):
            yield

    patch.setattr(module, "locked", locked)


class Killed(BaseException):
    """Stands for a kill: nothing in the code catches it."""


class Command:
    """A script's command, run in this process, with options that every run gets."""

    def __init__(self, script, *options):
        self.script, self.options = script, options

    def prepare(self, source, target, *more):
        """A typer result."""
        app = self.script.typer.Typer()
        app.command()(self.script.main)
        arguments = ["--source", source, "--target", target, *self.options, *more]
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def done(self, source, target, *more):
        result = self.prepare(source, target, *more)
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    def refused(self, source, target, *more):
        """The one line that a refused command prints."""
        result = self.prepare(source, target, *more)
        assert result.exit_code == 2, (result.output, result.exception)
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        return line

    def interrupted(self, source, target, after):
        """Leave the target as a kill after so many images does."""
        original, count = layout._append, []

        def append(*args):
            if len(count) == after:
                raise Killed
            count.append(1)
            return original(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(layout, "_append", append)
            with pytest.raises(Killed):
                self.prepare(source, target)
