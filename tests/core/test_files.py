"""Files that are there whole or not at all."""

import os
import threading
import time
from pathlib import Path

import pytest

from tlhelpers.core.errors import CourseError, in_one_line
from tlhelpers.core.files import check_writable, read_text, save, write_whole


def test_text_and_bytes_arrive_as_they_are(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    write_whole(path, "a\r\nµ\n")
    assert path.read_bytes() == "a\r\nµ\n".encode()
    write_whole(path, lambda file: file.write(b"\x00"))
    assert path.read_bytes() == b"\x00"
    (tmp_path / "plain").write_text("", encoding="utf-8")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert os.listdir(path.parent) == ["file.txt"]


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_file_before_and_nothing_else(tmp_path, problem):
    def fail(file):
        file.write(b"half")
        raise problem

    path = tmp_path / "file"
    write_whole(path, "before")
    with pytest.raises(type(problem)):
        write_whole(path, fail)
    assert path.read_text(encoding="utf-8") == "before" and os.listdir(tmp_path) == ["file"]


def full(file):
    raise OSError(28, "No space left on device")


def test_what_cannot_be_saved_is_told_in_one_line(tmp_path):
    path = tmp_path / "file"
    save(path, "before")
    with pytest.raises(CourseError) as error:
        save(path, full)
    assert str(error.value) == f"Could not write {path}: No space left on device."
    assert path.read_text(encoding="utf-8") == "before"
    with pytest.raises(CourseError, match="Could not write .*: File exists"):
        save(path / "file", "text")


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_without_a_name_is_a_folder(path):
    with pytest.raises(CourseError, match="Could not write .*: Is a directory"):
        save(Path(path), "text")


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"\xff", "it is no text in UTF-8")]
)
def test_a_text_that_cannot_be_read_is_told_in_one_line(tmp_path, content, said):
    file = tmp_path / "text.md"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CourseError, match=f"Cannot read .*text.md: {said}") as error:
        read_text(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (CourseError("Do this."), "Do this."),
        (ValueError("\x1b[31mred\x1b[0m\nand\tmore"), "ValueError: red and more"),
        (KeyError(), "KeyError"),
        (ValueError("x" * 999), "ValueError: " + "x" * 300 + " …"),
    ],
)
def test_errors_in_one_line(problem, line):
    assert in_one_line(problem) == line


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path, both = tmp_path / "file", threading.Barrier(2)

    def write(letter):
        def content(file):
            file.write(letter * 1000)
            both.wait()  # until the other is in the middle of its own
            file.write(letter * 1000)

        write_whole(path, content)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in (b"a" * 2000, b"b" * 2000)
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_kill_left_long_ago_goes_and_nothing_else(tmp_path):
    path, now = tmp_path / "seed[1].json", time.time()
    ages = {
        "seed[1].json.0123abcd.partial": 3700,
        "seed[1].json.4567cdef.partial": 3500,  # somebody may be writing it
        "seed1.json.0123abcd.partial": 3700,  # of another file
        "seed[1].json.more.0123abcd.partial": 3700,
        "seed[1].json.mine.partial": 3700,  # from somewhere else
        "seed[1].json": 3700,
    }
    for name, seconds in ages.items():
        (tmp_path / name).write_text("half", encoding="utf-8")
        os.utime(tmp_path / name, (now - seconds, now - seconds))
    write_whole(path, "whole")
    assert set(os.listdir(tmp_path)) == set(ages) - {"seed[1].json.0123abcd.partial"}
    assert path.read_text(encoding="utf-8") == "whole"


def test_a_folder_is_tried_before_the_work_and_left_as_it_was(tmp_path, monkeypatch):
    check_writable(tmp_path / "new" / "folder")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(CourseError, match="cannot write in .*file.* .Not a directory.: put"):
            check_writable(path)

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CourseError, match="No space left on device"):
        check_writable(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
