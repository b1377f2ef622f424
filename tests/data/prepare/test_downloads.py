"""Fetching over HTTP: what comes whole is kept, what does not is never used. RetinaMNIST by it."""

import errno
import hashlib
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.data.prepare.download_tools import Server
from tests.data.prepare.prepare_tools import Command, as_zip, contents, load_script, overtaken
from tlhelpers.core.errors import CourseError
from tlhelpers.core.locks import locked
from tlhelpers.data.prepare import downloads, prepared
from tlhelpers.data.prepare.downloads import fetch, missing, plain
from tlhelpers.data.real import retinamnist

DATA = bytes(range(256)) * 400
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setenv("TLHELPERS_PROGRESS", "0")
    monkeypatch.setattr(downloads, "PAUSE", 0.0)


@pytest.fixture
def server():
    with Server({"set.bin": DATA}).running() as server:
        yield server


def remote(server, md5=MD5):
    return plain(f"{server.url}/set.bin?download=1", len(DATA), md5)


def names(folder):
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


# --- one file -------------------------------------------------------------------------------


@pytest.mark.parametrize("md5", [MD5, None])
def test_a_file_is_fetched_once(server, tmp_path, capsys, md5):
    file = remote(server, md5)
    assert missing([file], tmp_path / "d") == [file]
    fetch([file], tmp_path / "d")
    assert (tmp_path / "d" / "set.bin").read_bytes() == DATA
    assert names(tmp_path / "d") == ["fetched.json", "set.bin"]
    assert json.loads((tmp_path / "d/fetched.json").read_text(encoding="utf-8"))["set.bin"] == {
        "bytes": len(DATA), "md5": MD5,
    }  # fmt: skip
    said = capsys.readouterr().err
    assert "fetching set.bin (about 102.4 kB) from http://127.0.0.1" in said and "; free " in said
    assert missing([file], tmp_path / "d") == []
    fetch([file], tmp_path / "d")
    assert server.asked == ["set.bin"]


@pytest.mark.parametrize("md5", [MD5, None])
@pytest.mark.parametrize(
    ("manner", "message", "tries"),
    [
        ("truncated", "stopped half-way, nothing of it is used: run the same command", 3),
        ("slow", "no answer for 0.2 seconds: run the same command again later", 3),
        (500, "the server says 500", 3),
        (403, "is refused (403): fetch it by hand", 1),
        (404, "is not there (404): fetch it by hand", 1),
    ],
)
def test_nothing_is_left_of_a_bad_answer(
    server, tmp_path, monkeypatch, md5, manner, message, tries
):
    server.manners["set.bin"] = manner
    with monkeypatch.context() as patch, pytest.raises(CourseError) as caught:
        if manner == "slow":
            patch.setattr(downloads, "TIMEOUT", 0.2)
        fetch([remote(server, md5)], tmp_path)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert server.asked == ["set.bin"] * tries
    assert names(tmp_path) == []
    server.manners.clear()
    fetch([remote(server, md5)], tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == DATA


def test_a_wrong_checksum(server, tmp_path):
    server.manners["set.bin"] = ["corrupt", "good"]
    with pytest.raises(CourseError, match="wrong checksum and was removed"):
        fetch([remote(server)], tmp_path)
    assert names(tmp_path) == []
    fetch([remote(server)], tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == DATA


def test_a_broken_connection_is_tried_again(server, tmp_path, capsys):
    server.manners["set.bin"] = ["truncated", 503, "good"]
    fetch([remote(server)], tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == DATA
    assert capsys.readouterr().err.count("trying again") == 2


@pytest.mark.parametrize("md5", [MD5, None])
@pytest.mark.parametrize("found", [DATA[:1000], b"x" * len(DATA)])
def test_a_file_that_was_not_fetched_is_not_taken_for_whole(server, tmp_path, md5, found):
    (tmp_path / "set.bin").write_bytes(found)
    fetch([remote(server, md5)], tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == DATA


def test_a_file_that_was_cut_later_is_fetched_again(server, tmp_path):
    fetch([remote(server)], tmp_path)
    (tmp_path / "set.bin").write_bytes(DATA[:-1])
    fetch([remote(server)], tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == DATA
    (tmp_path / "fetched.json").write_text("[", encoding="utf-8")
    assert missing([remote(server)], tmp_path)


def test_two_runs_at_once(server, tmp_path):
    folder = tmp_path / "d"
    with locked(folder, "fetching into"):
        with pytest.raises(CourseError, match="another run is fetching into .*: wait until"):
            fetch([remote(server)], folder)
        assert not server.asked and not folder.exists()
    fetch([remote(server)], folder)
    with locked(folder, "fetching into"):
        fetch([remote(server)], folder)  # All is there: nobody is in the way.
    assert names(folder) == ["fetched.json", "set.bin"]


def test_what_another_run_has_just_fetched_is_not_fetched_again(server, tmp_path):
    server.files["other.bin"] = DATA
    both = [remote(server), plain(f"{server.url}/other.bin", len(DATA), MD5)]
    overtaken(downloads, by=lambda: fetch(both[:1], tmp_path / "d"))
    fetch(both, tmp_path / "d")
    assert server.asked == ["set.bin", "other.bin"]
    assert missing(both, tmp_path / "d") == []


@pytest.mark.parametrize(
    ("entry", "cut", "message"), [("a.csv", 30, "not a complete zip"), ("../a.csv", 0, "outside")]
)
def test_an_archive_that_is_none_or_refused_is_not_kept(tmp_path, entry, cut, message):
    data = as_zip(tmp_path / "a.zip", {entry: b"a,b" * 100}).read_bytes()
    served = Server({"a.csv.zip": data[: len(data) - cut]})
    with served.running(), pytest.raises(CourseError, match=message):
        fetch([plain(f"{served.url}/a.csv.zip", 100)], tmp_path / "d")
    assert names(tmp_path / "d") == []


def test_no_network(tmp_path):
    with Server({}).running() as server:
        pass
    with pytest.raises(CourseError, match="cannot be reached: check the internet connection"):
        fetch([remote(server)], tmp_path)


def test_no_room(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "free_space", lambda folder: 50_000)
    with pytest.raises(CourseError, match="needs 102.4 kB, 50.0 kB are free"):
        fetch([remote(server)], tmp_path)
    assert not server.asked
    # What the server says counts, not what was expected.
    with pytest.raises(CourseError, match="needs 102.4 kB, 50.0 kB are free"):
        fetch([plain(f"{server.url}/set.bin", 1)], tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_takes_no_more(server, tmp_path, monkeypatch, number):
    def full(self, count):
        raise OSError(number, "no")

    monkeypatch.setattr(downloads.Bar, "update", full)
    word = "the disk is full" if number == errno.ENOSPC else "cannot write set.bin"
    with pytest.raises(CourseError, match=word):
        fetch([remote(server)], tmp_path)
    assert names(tmp_path) == []


# --- RetinaMNIST ----------------------------------------------------------------------------

script = load_script("prepare_retinamnist")
command = Command(script)
done, refused, prepare = command.done, command.refused, command.prepare
SPLITS = {"train": 6, "val": 2, "test": 3}


def npz(side):
    """A small set in RetinaMNIST's layout, as bytes."""
    rng = np.random.default_rng(side)
    arrays = {}
    for split, count in SPLITS.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (count, side, side, 3), np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count) % 5).astype(np.uint8)[:, None]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue(), arrays


@pytest.fixture(scope="module")
def published():
    return {side: npz(side) for side in (64, 128, 224)}


@pytest.fixture
def zenodo(published, monkeypatch):
    """A server with the files, and their sums in place of the published ones."""
    files = {f"retinamnist_{side}.npz": data for side, (data, _) in published.items()}
    sums = {side: hashlib.md5(data).hexdigest() for side, (data, _) in published.items()}
    monkeypatch.setattr(script, "SUMS", sums)
    with Server(files).running() as server:
        monkeypatch.setattr(script, "URL", server.url + "/{name}?download=1")
        yield server


def test_retinamnist_is_fetched_and_prepared(zenodo, published, tmp_path):
    target = tmp_path / "data" / "retinamnist-64"
    dry = done("zenodo", target, "--size", 64, "--dry-run")
    assert "nothing fetched: retinamnist_64.npz (about 19.7 MB) would come from" in dry.stdout
    assert not zenodo.asked and not (tmp_path / "data").exists()

    said = done("zenodo", target, "--size", 64).stdout
    assert "prepared: 11 images (train 6, val 2, test 3), grades 0-4: 4 / 3 / 2 / 1 / 1" in said
    assert names(tmp_path / "data/downloads/retinamnist") == ["fetched.json", "retinamnist_64.npz"]
    split = retinamnist(target, 64)
    arrays = published[64][1]
    assert np.array_equal(split.train.images, arrays["train_images"])
    assert np.array_equal(split.validation.images, arrays["test_images"])
    assert split.validation.grades.tolist() == [0, 1, 2]
    assert split.train.labels.tolist() == [0, 1, 1, 1, 1, 0]
    assert split.train.classes == ("no DR", "DR")
    assert len(np.unique(np.concatenate([split.train.groups, split.validation.groups]))) == 9

    # The downloads may go: the same command knows what it made.
    shutil.rmtree(tmp_path / "data/downloads")
    assert "already prepared: 11" in done("zenodo", target, "--size", 64).stdout
    assert zenodo.asked == ["retinamnist_64.npz"]


@pytest.mark.parametrize(("size", "side"), [(8, 64), (96, 128), (224, 224)])
def test_retinamnist_comes_from_the_next_larger_file(zenodo, published, tmp_path, size, side):
    downloads = tmp_path / "elsewhere"
    done("zenodo", tmp_path / "t", "--size", size, "--downloads", downloads)
    assert zenodo.asked == [f"retinamnist_{side}.npz"]
    image = Image.fromarray(published[side][1]["test_images"][1])
    expected = image if size == side else image.resize((size, size), Image.Resampling.LANCZOS)
    assert np.array_equal(
        retinamnist(tmp_path / "t", size).validation.images[1], np.asarray(expected)
    )
    # By hand: the file, or its folder.
    file = downloads / "retinamnist" / f"retinamnist_{side}.npz"
    for source in (file, file.parent):
        assert "already prepared" in done(source, tmp_path / "t", "--size", size).stdout


def test_retinamnist_goes_on_where_it_was_killed(zenodo, tmp_path, monkeypatch):
    done("zenodo", tmp_path / "whole", "--size", 32)
    monkeypatch.setattr(prepared, "BLOCK", 4)
    Command(script, "--size", 32).interrupted("zenodo", tmp_path / "killed", after=7)
    assert not (tmp_path / "killed" / "about.json").exists()
    with pytest.raises(CourseError, match="is not complete: go on with `python .* --source zenodo"):
        retinamnist(tmp_path / "killed", 32)
    done("zenodo", tmp_path / "killed", "--size", 32)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert zenodo.asked == ["retinamnist_64.npz"]


def test_retinamnist_that_is_not_the_published_file(zenodo, tmp_path):
    zenodo.manners["retinamnist_64.npz"] = "corrupt"
    line = prepare("zenodo", tmp_path / "t", "--size", 64).stderr.splitlines()[-1]
    assert line.startswith("prepare_retinamnist: retinamnist_64.npz arrived with a wrong checksum")
    assert not (tmp_path / "t").exists()
    (tmp_path / "retinamnist_128.npz").write_bytes(zenodo.files["retinamnist_64.npz"])
    assert "is not the published retinamnist_128.npz" in refused(tmp_path, tmp_path / "t")
    assert "no file at" in refused(tmp_path, tmp_path / "t", "--size", 200)


def test_a_part_of_retinamnist_has_no_test_images(zenodo, tmp_path):
    done("zenodo", tmp_path / "t", "--size", 64, "--limit", 5)
    with pytest.raises(CourseError, match="no test images: prepare the whole"):
        retinamnist(tmp_path / "t", 64)


def test_ctrl_c_while_fetching(zenodo, tmp_path, monkeypatch):
    def stop(self, count):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads.Bar, "update", stop)
    result = prepare("zenodo", tmp_path / "t", "--size", 64)
    assert result.exit_code == 130
    assert "stopped; run the same command again to go on" in result.stderr
    assert names(tmp_path / "downloads/retinamnist") == []
