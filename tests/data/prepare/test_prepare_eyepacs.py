"""Preparing EyePACS: what is read, refused, reported, and what survives a kill or a full disk."""

import contextlib
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import machines
from tests.data.prepare.prepare_tools import (
    ROOT,
    Command,
    Killed,
    as_folder,
    as_zip,
    contents,
    load_script,
    overtaken,
    progress_lines,
)
from tlhelpers.core.errors import CourseError
from tlhelpers.core.locks import locked
from tlhelpers.data.prepare import prepared as layout
from tlhelpers.data.prepare import sources
from tlhelpers.data.prepare.prepared import load_prepared
from tlhelpers.data.real import eyepacs

SCRIPT = ROOT / "data_scripts" / "prepare_eyepacs.py"
SIZE = 16

script = load_script("prepare_eyepacs")
command = Command(script, "--size", SIZE)
prepare, done, refused = command.prepare, command.done, command.refused
interrupted = command.interrupted


def jpeg(seed, size=(40, 30)):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), np.uint8))
    buffer = io.BytesIO()
    coarse.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def kaggle(patients=4, folder="images/"):
    """Files in Kaggle's layout: path to bytes. Patient p has grade p % 5 on the left, 0 right."""
    files, lines = {}, ["image,level"]
    for patient in range(1, patients + 1):
        for eye in ("left", "right"):
            name = f"{patient}_{eye}"
            files[f"{folder}{name}.jpeg"] = jpeg(2 * patient + (eye == "left"))
            lines.append(f"{name},{patient % 5 if eye == 'left' else 0}")
    files["trainLabels.csv"] = ("\n".join(lines) + "\n").encode()
    return files


@pytest.fixture(autouse=True)
def no_bar(monkeypatch):
    monkeypatch.setenv("TLHELPERS_PROGRESS", "0")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "prepared"


@pytest.fixture
def source(tmp_path):
    return as_zip(tmp_path / "eyes.zip", kaggle())


# --- what is prepared -----------------------------------------------------------------------


@pytest.mark.parametrize("inner", ["images/", "train/", "", "eyes/images/"])
@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_layouts(tmp_path, target, inner, make):
    files = kaggle(folder=inner)
    if inner.startswith("eyes/"):
        files["eyes/trainLabels.csv"] = files.pop("trainLabels.csv")
        files["__MACOSX/eyes/._trainLabels.csv"] = b"junk"
    result = done(make(tmp_path / "source", files), target)
    assert "8 images of 4 patients, grades 0-4: 4 / 1 / 1 / 1 / 1" in result.stdout
    assert "left out: nothing" in result.stdout
    assert result.stderr == ""
    assert sorted(contents(target)) == ["images.npy", "index.csv", "problems.csv"]

    data = eyepacs(target, SIZE)
    assert data.images.shape == (8, SIZE, SIZE, 3)
    assert data.grades.tolist() == [1, 0, 2, 0, 3, 0, 4, 0]
    assert data.labels.tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert data.classes == ("no DR", "DR")
    expected = sources.decode_square(files[f"{inner}3_left.jpeg"], SIZE)
    assert np.array_equal(data.images[4], expected)


def test_index_and_about(source, target):
    done(source, target)
    prepared = load_prepared(target, "eyepacs", "")
    assert list(prepared.index.columns) == ["image", "patient", "eye", "grade"]
    assert prepared.index.iloc[0].tolist() == ["1_left", "1", "left", 1]
    about = prepared.about
    assert about["source"] == "eyes.zip"
    assert about["job"]["size"] == SIZE
    assert about["counts"] == {"0": 4, "1": 1, "2": 1, "3": 1, "4": 1}


def test_patients_are_names_not_numbers(tmp_path, target):
    files = {f"{name}.jpeg": jpeg(0) for name in ("7_left", "007_left", "NA_left")}
    files["trainLabels.csv"] = b"\xef\xbb\xbflevel,image\r\n0,7_left\r\n1,007_left\r\n2,NA_left\r\n"
    done(as_folder(tmp_path / "s", files), target)
    data = eyepacs(target, SIZE)
    assert data.groups.tolist() == [0, 1, 2]
    assert data.grades.tolist() == [0, 1, 2]


def test_limit(source, target):
    result = done(source, target, "--limit", 3)
    assert "3 images of 2 patients" in result.stdout
    assert "another limit (3)" in refused(source, target)


def test_dry_run_writes_nothing(tmp_path, target):
    files = kaggle()
    del files["images/2_left.jpeg"]
    result = done(as_zip(tmp_path / "eyes.zip", files), target, "--dry-run")
    assert "nothing written: 7 images of 4 patients" in result.stdout
    assert "label without image: 2_left" in result.stderr
    assert not target.exists()


def test_already_prepared_decodes_nothing(source, target, monkeypatch):
    done(source, target)
    before = (contents(target), (target / "about.json").read_bytes())
    monkeypatch.setattr(sources, "decode_square", None)
    for more in ([], ["--overwrite"], ["--dry-run"]):
        assert "already prepared: 8 images" in done(source, target, *more).stdout
    assert before == (contents(target), (target / "about.json").read_bytes())
    # The same set from somewhere else is still the same set.
    moved = shutil.copy(source, source.with_name("moved.zip"))
    assert "already prepared" in done(moved, target).stdout


def test_the_square_is_cut_from_the_centre():
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, 10:86] = (200, 100, 50)  # The square, 16 to 80, and the filter's reach.
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    square = sources.decode_square(buffer.getvalue(), 32)
    assert square.shape == (32, 32, 3)
    assert (square == (200, 100, 50)).all()


def test_a_large_jpeg_comes_out_like_a_fully_decoded_one():
    data = jpeg(1, size=(1200, 900))
    fast = sources.decode_square(data, 32).astype(int)
    whole = Image.open(io.BytesIO(data)).crop((150, 0, 1050, 900))
    slow = np.asarray(whole.resize((32, 32), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(fast - slow).max() <= 6


# --- what is reported -----------------------------------------------------------------------


def bomb(width):
    """A PNG that claims width × width pixels and holds next to nothing."""
    buffer = io.BytesIO()
    Image.new("1", (width, width)).save(buffer, "PNG")
    return buffer.getvalue()


def test_problems_are_reported_counted_and_listed(tmp_path, target, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    files = kaggle(patients=6)
    del files["images/1_left.jpeg"]
    files["images/9_right.jpeg"] = jpeg(0)
    files["images/2_left.jpeg"] = files["images/2_left.jpeg"][:-200]
    files["images/2_right.jpeg"] = b"not an image"
    files["images/3_left.jpeg"] = b""
    files["images/4_left.jpeg"] = bomb(120)
    files["images/4_right.jpeg"] = bomb(200)
    files["images/notes.txt"] = b"not looked at"
    result = done(as_folder(tmp_path / "s", files), target)
    assert "6 images of 4 patients" in result.stdout
    counts = "label without image 1, image without label 1, broken image 5"
    assert f"left out: {counts}" in result.stdout
    lines = result.stderr.splitlines()
    assert lines[:2] == [
        "label without image: 1_left",
        "image without label: 9_right (images/9_right.jpeg)",
    ]
    broken = [line for line in lines if line.startswith("broken image: ")]
    assert [line.split()[2] for line in broken] == ["2_left", "2_right", "3_left", "4_left",
                                                   "4_right"]  # fmt: skip
    assert "truncated" in broken[0]
    assert "not a JPEG" in broken[1]
    assert len(lines) == 7
    with (target / "problems.csv").open(encoding="utf-8") as file:
        assert [row["image"] for row in csv.DictReader(file)] == [
            "1_left", "9_right", "2_left", "2_right", "3_left", "4_left", "4_right",
        ]  # fmt: skip
    # Images and labels still belong together after the gaps.
    prepared = load_prepared(target, "eyepacs", "")
    for image, name in zip(prepared.images, prepared.index["image"], strict=True):
        assert np.array_equal(image, sources.decode_square(files[f"images/{name}.jpeg"], SIZE))


def test_long_lists_are_cut_on_the_screen_only(tmp_path, target):
    files = kaggle(patients=20)
    for patient in range(1, 16):
        del files[f"images/{patient}_left.jpeg"], files[f"images/{patient}_right.jpeg"]
    result = done(as_zip(tmp_path / "eyes.zip", files), target)
    lines = result.stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "label without image: 10 more"
    assert len((target / "problems.csv").read_text(encoding="utf-8").splitlines()) == 31


def test_a_damaged_zip_entry_is_a_broken_image(source, target):
    data = bytearray(source.read_bytes())
    place = data.index(jpeg(4)[-60:-30])  # Near the end of 2_right.
    data[place : place + 4] = b"\0\0\0\0"
    source.write_bytes(data)
    assert "broken image: 2_right (damaged in the zip" in done(source, target).stderr


def test_a_huge_file_is_not_read(tmp_path, target, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_FILE", 5000)
    files = kaggle() | {"images/1_left.jpeg": b"\0" * 6000}
    result = done(as_folder(tmp_path / "s", files), target)
    assert "broken image: 1_left (6.0 kB is too large" in result.stderr


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"image,grade\n1_left,0\n", "no column 'level' (it has image, grade)"),
        (b"name,grade\n1_left,0\n", "no column 'image' and no column 'level'"),
        (b"", "no column"),
        (b"image,level\n", "holds no labels"),
        (b"image,level\n1_left,0\n1_right,5\n", "line 3: the level of 1_right is '5', not 0 to 4"),
        (b"image,level\n1_left,1.0\n", "'1.0'"),
        (b"image,level\n1_left\n", "''"),
        (b"image,level\n1_left,0,1\n", "line 2: more values than columns"),
        (b"image,level\n1_left,0\n1_left,0\n", "names 1_left more than once"),
        (b"image,level\n1_middle,0\n", "line 2: the name '1_middle'"),
        (b"image,level\n../1_left,0\n", "the name '../1_left'"),
        (b"image,level\n1_left.jpeg,0\n", "'1_left.jpeg'"),
        (b"image,level\n'1_left,\xff\n", "not a table"),
        (b"image,level\n77_left,0\n", "none of the 1 labels has an image"),
    ],
)
def test_wrong_labels(tmp_path, target, labels, message):
    source = as_zip(tmp_path / "eyes.zip", kaggle() | {"trainLabels.csv": labels})
    assert message in refused(source, target)
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["../3_left.jpeg", "images/../../x.jpeg", "/etc/x.jpeg", "C:/x.jpeg", "..\\x.jpeg"]
)
def test_a_zip_entry_outside_its_folder(tmp_path, target, name):
    line = refused(as_zip(tmp_path / "eyes.zip", kaggle() | {name: jpeg(0)}), target)
    assert "points outside its folder" in line
    assert not target.exists()


def test_a_link_in_a_zip(source, target):
    link = zipfile.ZipInfo("images/9_left.jpeg")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link, not a file" in refused(source, target)


def test_sources_that_are_not_the_set(tmp_path, target, source):
    assert "no file or folder at" in refused(tmp_path / "nowhere", target)
    (tmp_path / "text.zip").write_bytes(b"hello")
    assert "not a complete zip file" in refused(tmp_path / "text.zip", target)
    half = tmp_path / "half.zip"
    half.write_bytes(source.read_bytes()[:-100])
    assert "not a complete zip file" in refused(half, target)
    (tmp_path / "empty").mkdir()
    assert "holds no trainLabels.csv" in refused(tmp_path / "empty", target)
    labels = {"trainLabels.csv": kaggle()["trainLabels.csv"]}
    assert "holds no images" in refused(as_folder(tmp_path / "bare", labels), target)
    twice = as_folder(tmp_path / "twice", kaggle() | {"train/1_left.jpeg": jpeg(0)})
    assert "two images are called 1_left" in refused(twice, target)
    twice = as_folder(tmp_path / "twice2", kaggle() | {"b/trainLabels.csv": b"image,level"})
    assert "more than one trainLabels.csv" in refused(twice, target)
    assert not target.exists()


def test_no_image_can_be_read(tmp_path, target):
    files = {name: b"x" if "images" in name else data for name, data in kaggle().items()}
    assert "none of the 8 images" in refused(as_zip(tmp_path / "eyes.zip", files), target)


def test_a_target_with_something_else(tmp_path, source, target):
    done(source, target)
    before = contents(target)
    assert "another size (16 pixels)" in refused(source, target, "--size", 24)
    other = as_zip(tmp_path / "other.zip", kaggle(patients=3))
    assert "another source" in refused(other, target)
    assert "same as --source" in refused(target, target)
    assert contents(target) == before

    assert "6 images" in done(other, target, "--overwrite").stdout
    assert len(eyepacs(target, SIZE)) == 6

    (tmp_path / "a_file").write_text("", encoding="utf-8")
    assert "is a file" in refused(source, tmp_path / "a_file")
    mine = as_folder(tmp_path / "mine", {"images.npy": b"mine"})
    assert "not from this command" in refused(source, mine)
    assert contents(mine) == {"images.npy": b"mine"}


def test_readers_refuse_what_is_missing_incomplete_or_damaged(source, target):
    with pytest.raises(CourseError, match=r"make them with `python data_scripts/prepare_eyepacs"):
        eyepacs(target, SIZE)
    target.mkdir()
    with pytest.raises(CourseError, match="holds no prepared images"):
        eyepacs(target, SIZE)
    done(source, target)
    images = (target / "images.npy").read_bytes()
    (target / "images.npy").write_bytes(images[:-10])
    with pytest.raises(CourseError, match="damaged"):
        eyepacs(target, SIZE)
    (target / "images.npy").write_bytes(images)
    with pytest.raises(CourseError, match="holds eyepacs images, not ferplus"):
        load_prepared(target, "ferplus", "")
    (target / "about.json").write_text("{", encoding="utf-8")
    with pytest.raises(CourseError, match="damaged"):
        eyepacs(target, SIZE)


# --- what survives --------------------------------------------------------------------------

COUNTING = """
import itertools, os, runpy, sys, time
from tlhelpers.data.prepare import prepared, sources
decode, log, calls = sources.decode_square, sys.argv[0] + ".decoded", itertools.count()
hang_after = int(os.environ.get("HANG_AFTER", 10**9))
if "HANG_AFTER" in os.environ:
    prepared.WORKERS = 1  # So that the images before the one that hangs are all written.
def counting(data, size):
    if next(calls) >= hang_after:
        time.sleep(3600)
    with open(log, "a") as file:
        file.write(".")
    return decode(data, size)
sources.decode_square = counting
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def start(tmp_path, source, target, largest_file=None, hang_after=None):
    """The command in a process of its own, which counts what it decodes.

    It hangs after `hang_after` images, so that a kill comes in the middle on any machine.
    """
    (tmp_path / "counting.py").write_text(COUNTING, encoding="utf-8")
    command = [sys.executable, tmp_path / "counting.py", SCRIPT, "--source", source]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if hang_after:
        environment["HANG_AFTER"] = str(hang_after)

    return subprocess.Popen(
        [*command, "--target", target, "--size", str(SIZE)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=machines.file_limit(largest_file),
    )  # fmt: skip


def decoded(tmp_path):
    return len((tmp_path / "counting.py.decoded").read_bytes())


def test_kill_and_go_on(tmp_path, target):
    files = kaggle(patients=30) | {"images/2_left.jpeg": b"broken"}
    source = as_zip(tmp_path / "eyes.zip", files)
    for kills in (1, 2):
        process = start(tmp_path, source, target, hang_after=15)
        try:
            while progress_lines(target) < 15 * kills:
                assert process.poll() is None
                time.sleep(0.01)
        finally:
            process.kill()
            process.communicate()
        assert machines.was_killed(process.returncode)
        with pytest.raises(CourseError, match=r"not complete: go on with `python .*--size 16`"):
            eyepacs(target, SIZE)
    assert progress_lines(target) == 30
    before = decoded(tmp_path)
    process = start(tmp_path, source, target)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert "59 images of 30 patients" in out
    assert "broken image: 2_left" in err
    assert decoded(tmp_path) - before == 30

    done(source, tmp_path / "in_one_go")
    assert contents(target) == contents(tmp_path / "in_one_go")


def test_a_full_disk_loses_nothing(tmp_path, target):
    source = as_zip(tmp_path / "eyes.zip", kaggle(patients=10))
    frame = SIZE * SIZE * 3
    process = start(tmp_path, source, target, largest_file=128 + 7 * frame + 100)
    out, err = process.communicate()
    assert (process.returncode, out, len(err.splitlines())) == (2, "", 1)
    assert "the disk is full" in err
    assert progress_lines(target) == 7
    before = decoded(tmp_path)
    assert "prepared: 20 images" in start(tmp_path, source, target).communicate()[0]
    assert decoded(tmp_path) - before == 13
    done(source, tmp_path / "in_one_go")
    assert contents(target) == contents(tmp_path / "in_one_go")


def test_no_room_is_said_before_anything_is_touched(source, target, monkeypatch):
    done(source, target)
    before = contents(target)
    usage = namedtuple("usage", "total used free")(10, 9, 1000)
    monkeypatch.setattr(layout.shutil, "disk_usage", lambda folder: usage)
    assert "not enough room" in refused(source, target, "--size", 24, "--overwrite")
    assert "1.0 kB are free" in refused(source, target / "new" / "folder")
    assert contents(target) == before


def killed_at(monkeypatch, call, step):
    """Let the step-th call of a file operation end everything before it is done."""
    original, calls = getattr(Path, call), []

    def operation(self, *args, **kwargs):
        calls.append(self)
        if len(calls) == step:
            raise Killed
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, call, operation)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("call", "step"), [(call, step) for call in ("replace", "unlink") for step in range(1, 7)]
)
def test_a_kill_between_any_two_steps(source, target, tmp_path, monkeypatch, call, step, overwrite):
    more = ["--overwrite"] if overwrite else []
    if overwrite:
        done(as_zip(tmp_path / "other.zip", kaggle(patients=3)), target)
    with monkeypatch.context() as patch:
        killed_at(patch, call, step)
        with contextlib.suppress(Killed):  # Late steps may not exist.
            done(source, target, *more)
    assert "8 images of 4 patients" in done(source, target, *more).stdout
    done(source, tmp_path / "in_one_go")
    files = contents(target)
    files.pop("progress.jsonl", None)
    assert files == contents(tmp_path / "in_one_go")


def test_what_a_power_cut_spoils_is_done_again(source, target, tmp_path):
    """Cut or spoil both files at random; the next run must repair every such state."""
    done(source, tmp_path / "in_one_go")
    whole = contents(tmp_path / "in_one_go")
    interrupted(source, target, after=6)
    partial = (target / "images.partial.npy").read_bytes()
    log = (target / "progress.jsonl").read_bytes()
    header_end = log.index(b"\n") + 1
    rng = random.Random(0)
    for _ in range(25):
        shutil.rmtree(target)
        target.mkdir()
        pixels = bytearray(partial[: rng.randrange(len(partial) + 1)])
        if len(pixels) > 200 and rng.random() < 0.5:
            pixels[rng.randrange(128, len(pixels))] ^= 1
        lines = log[: rng.randrange(header_end, len(log) + 1)]
        (target / "images.partial.npy").write_bytes(pixels)
        (target / "progress.jsonl").write_bytes(lines + b"\0" * rng.choice([0, 0, 20]))
        done(source, target)
        assert contents(target) == whole


def test_a_begun_set_is_not_mixed_with_another(source, target):
    interrupted(source, target, after=3)
    assert "another size" in refused(source, target, "--size", 24)
    assert progress_lines(target) == 3
    assert "8 images" in done(source, target, "--size", 24, "--overwrite").stdout


def test_two_runs_at_once(source, target):
    interrupted(source, target, after=3)
    with locked(target, "preparing"):
        assert f"another run is preparing {target}: wait" in refused(source, target)
    assert progress_lines(target) == 3
    done(source, target)
    assert sorted(contents(target)) == ["images.npy", "index.csv", "problems.csv"]


def test_what_another_run_has_just_finished_is_kept(source, target, monkeypatch):
    calls, original = [], sources.decode_square
    monkeypatch.setattr(sources, "decode_square", lambda *args: calls.append(1) or original(*args))
    overtaken(layout, by=lambda: done(source, target))
    assert "prepared: 8 images" in done(source, target).stdout
    assert len(calls) == 8

    shutil.rmtree(target)
    overtaken(layout, by=lambda: done(source, target, "--size", 24))
    assert "another size (24 pixels)" in refused(source, target)
    assert len(eyepacs(target, 24)) == 8


def test_a_source_that_goes_away_is_not_a_broken_image(tmp_path, target, monkeypatch):
    source = as_folder(tmp_path / "s", kaggle())
    original = sources.decode_square

    def decode(data, size):
        (source / "images" / "4_left.jpeg").unlink(missing_ok=True)
        return original(data, size)

    monkeypatch.setattr(sources, "decode_square", decode)
    assert "cannot read images/4_left.jpeg" in refused(source, target)
    assert progress_lines(target) == 6
    (source / "images" / "4_left.jpeg").write_bytes(kaggle()["images/4_left.jpeg"])
    monkeypatch.undo()
    assert "8 images" in done(source, target).stdout


@machines.not_root
def test_a_target_that_cannot_be_written(source, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "cannot write in" in refused(source, tmp_path / "locked" / "x")


def test_about_is_readable_by_others(source, target):
    done(source, target)
    about = json.loads((target / "about.json").read_text(encoding="utf-8"))
    assert about["count"] == 8
    assert len(about["fingerprint"]) == 16
    assert "--size 16" in about["command"]


def test_a_target_that_cannot_be_written_is_told_before_anything_is_fetched_or_read(
    tmp_path, monkeypatch
):
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    monkeypatch.setattr("tlhelpers.data.prepare.downloads.fetch", lambda *_: pytest.fail("fetched"))
    assert f"cannot write in {file / 'x'}" in refused("kaggle", file / "x")
