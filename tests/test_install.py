"""A wheel in a virtual environment of its own: light, quick, and clear about what it lacks."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests import machines
from tlhelpers.core import paths

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(*command, cwd=None, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TLHELPERS"))}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**kept, **environment},
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder)
    made = run(*pip, paths.PROJECT, cwd=folder)
    assert made.returncode == 0, made.stderr[-2000:]
    (file,) = folder.glob("tlhelpers-*.whl")
    return file


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("light")
    assert run(sys.executable, "-m", "venv", folder).returncode == 0
    python = machines.in_venv(folder, "python")
    constraints = paths.PROJECT / "constraints.txt"
    done = run(python, "-m", "pip", "install", "-q", "-c", constraints, wheel)
    assert done.returncode == 0, done.stderr[-2000:]
    return python


def test_data_files_are_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = paths.PROJECT / "tlhelpers"
    data = [p for p in package.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert data and all(p.relative_to(paths.PROJECT).as_posix() in names for p in data)


def test_no_backend_and_nothing_of_the_course(python):
    listed = run(python, "-m", "pip", "list", "--format=freeze").stdout.lower()
    assert "keras==" in listed and "numpy==" in listed
    for name in ("tensorflow", "jax", "torch", "scipy", "pandas", "jupyterlab", "typer"):
        assert f"\n{name}==" not in listed, name


def test_import_takes_no_time(python):
    code = "import time; s = time.process_time(); import tlhelpers; print(time.process_time() - s)"
    # CPU time, and the best of three: what else this machine does shall not count.
    assert min(float(run(python, "-c", code).stdout) for _ in range(3)) < 0.1


def test_what_needs_only_numpy_works(python):
    code = "from tlhelpers.measures import stability; print(stability.jitter([1.0, 2.0, 1.0, 2.0]))"
    assert float(run(python, "-c", code).stdout) > 0.4


def test_the_doctor_answers_for_help_and_for_a_script_that_is_not_there(python, tmp_path):
    done = run(python, "-m", "tlhelpers.doctor", "--help", cwd=tmp_path)
    assert done.returncode == 0 and "script" in done.stdout
    done = run(python, "-m", "tlhelpers.doctor", "train.py", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == "There is no script 'train.py'.\n"


def test_the_command_says_what_to_install(python, tmp_path):
    for command in ((python.with_name("tlhelpers"), "run"), (python, "-m", "tlhelpers", "record")):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert 'pip install "tlhelpers[course]"' in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command", ["run", "pages", "record", "check", "evidence", "findings", "canary"]
)
def test_away_from_the_repository_a_command_says_what_it_needs(wheel, tmp_path, command):
    """The wheel unpacked, with the course's packages of this environment."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    work = tmp_path / "work"
    work.mkdir()
    done = run(sys.executable, "-m", "tlhelpers", command, cwd=work, PYTHONPATH=tmp_path / "site")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert f"'tlhelpers {command}' needs the course's pages and recordings" in done.stderr
    assert not list(work.iterdir())
