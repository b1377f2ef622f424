"""One process at a time in a folder: who is kept out, and what the lock leaves behind."""

import errno
import os
import subprocess
import sys

import filelock
import pytest

from tests import machines
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.core.locks import lock_file, locked

HOLDS = """
import sys, time
from pathlib import Path
from tlhelpers.core.locks import locked
with locked(Path(sys.argv[1]), "preparing"):
    print("locked", flush=True)
    time.sleep(3600)
"""


def test_another_process_is_named_in_one_line_and_a_killed_one_is_not(tmp_path):
    folder = tmp_path / "new" / "set"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, folder],
        cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(CourseError) as caught, locked(folder, "fetching into"):
            pytest.fail("two processes are in one folder")
        assert str(caught.value) == f"another run is fetching into {folder}: wait until it ends"
        with locked(tmp_path / "new" / "other", "preparing"):
            pass
    finally:
        other.kill()
        other.communicate()
    with locked(folder, "preparing"):
        pass


def test_the_lock_lies_beside_the_folder(tmp_path):
    folder = tmp_path / "set"
    with locked(folder, "preparing"):
        assert os.listdir(tmp_path) == [".set.lock"]
    folder.mkdir()
    machines.symlink(tmp_path / "link", folder)
    with locked(tmp_path / "link", "preparing"), pytest.raises(CourseError):
        locked(folder, "preparing").__enter__()
    assert not os.listdir(folder)


@pytest.mark.parametrize("problem", [OSError(errno.ENOLCK, "no"), NotImplementedError()])
def test_a_disk_that_knows_no_locks_is_used_without(tmp_path, monkeypatch, problem):
    monkeypatch.setattr(filelock.FileLock, "acquire", raising(problem))
    with locked(tmp_path / "set", "preparing"):
        pass


def test_a_lock_that_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr(filelock.FileLock, "acquire", raising(PermissionError(13, "not allowed")))
    with pytest.raises(CourseError, match=r"not allowed.*choose another folder") as caught:
        locked(tmp_path / "set", "preparing").__enter__()
    assert str(lock_file(tmp_path / "set").parent) in str(caught.value)
    assert "\n" not in str(caught.value)


def raising(problem):
    def acquire(*args, **kwargs):
        raise problem

    return acquire
