"""Archives read without unpacking: parts, nested tables, and what is refused."""

import io
import tarfile
import zipfile

import numpy as np
import pytest

from tests import machines
from tests.data.prepare.prepare_tools import as_folder, as_zip
from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import archives, sources
from tlhelpers.data.prepare.sources import open_source, read_table

RNG = np.random.default_rng(0)
FILES = {f"train/{number}.bin": RNG.bytes(3000) for number in range(8)}
TABLE = b"image,level\na,0\nb,1\n"


def cut(path, size):
    """Cut a file into .001, .002 and so on; the parts."""
    data = path.read_bytes()
    path.unlink()
    parts = []
    for number, start in enumerate(range(0, len(data), size), start=1):
        parts.append(path.with_name(f"{path.name}.{number:03}"))
        parts[-1].write_bytes(data[start : start + size])
    return parts


@pytest.fixture
def parts(tmp_path):
    return cut(as_zip(tmp_path / "train.zip", FILES), 5000)


def tar(path, *entries, kind=tarfile.REGTYPE):
    """A .tar.gz of (name, bytes); the last is of another kind."""
    with tarfile.open(path, "w:gz") as archive:
        for place, (name, data) in enumerate(entries, start=1):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if place == len(entries):
                entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry, io.BytesIO(data))
    return path


def refusal(path):
    with pytest.raises(CourseError) as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is read ---------------------------------------------------------------------------


def test_a_zip_in_parts_is_read_as_it_is(tmp_path, parts):
    assert len(parts) == 5
    for source in (open_source(tmp_path), open_source(parts[0])):
        assert {name: source.read(name) for name in FILES} == FILES
    # The same set in one piece is the same set.
    whole = open_source(as_zip(tmp_path / "whole.zip", FILES))
    assert whole.fingerprint(list(FILES)) == open_source(tmp_path).fingerprint(list(FILES))


def test_several_threads_read_a_zip_in_parts(tmp_path, parts):
    from concurrent.futures import ThreadPoolExecutor

    source = open_source(tmp_path)
    names = list(FILES) * 20
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(source.read, names)) == [FILES[name] for name in names]


def test_tables_in_archives_count_as_unpacked(tmp_path):
    as_zip(tmp_path / "labels.csv.zip", {"labels.csv": TABLE, "__MACOSX/._labels.csv": b"x"})
    tar(tmp_path / "more.tar.gz", ("more/other.csv", TABLE), ("more/README", b"words"))
    source = open_source(tmp_path)
    assert set(source.files) == {"labels.csv.zip", "labels.csv", "more.tar.gz", "more/other.csv"}
    for name in ("labels.csv", "more/other.csv"):
        rows = [row for _, row in read_table(source, name, ("image", "level"))]
        assert rows == [{"image": "a", "level": "0"}, {"image": "b", "level": "1"}]


def test_what_is_unpacked_already_comes_first(tmp_path, parts):
    as_zip(tmp_path / "labels.csv.zip", {"labels.csv": b"old"})
    as_folder(tmp_path, {"labels.csv": TABLE, "images/3.bin": b"mine"})
    source = open_source(tmp_path)
    assert source.read("labels.csv") == TABLE
    assert "train/3.bin" not in source.files and source.read("train/4.bin") == FILES["train/4.bin"]


# --- what is not whole ----------------------------------------------------------------------


def test_a_missing_part_is_named(tmp_path, parts):
    parts[2].unlink()
    assert "holds no train.zip.003, one of the parts of train.zip" in refusal(tmp_path)


def test_a_last_part_that_is_missing_or_short(tmp_path, parts):
    parts[-1].write_bytes(parts[-1].read_bytes()[:-30])
    assert "not a complete zip file" in refusal(tmp_path)
    parts[-1].unlink()
    assert "train.zip.001 is not a complete zip file" in refusal(tmp_path)


def test_a_part_in_the_middle_that_is_short(tmp_path, parts):
    parts[2].write_bytes(parts[2].read_bytes()[:-1])
    assert "train.zip.003 has 4,999 bytes and train.zip.001 5,000" in refusal(tmp_path)


def test_tars_that_are_cut_or_none(tmp_path):
    path = tar(tmp_path / "faces.tar.gz", ("faces.csv", RNG.bytes(50_000)))
    path.write_bytes(path.read_bytes()[:-20_000])
    assert "not a complete tar file" in refusal(tmp_path)
    path.write_bytes(b"hello")
    assert "not a complete tar file" in refusal(tmp_path)


def test_damage_inside_is_one_line(tmp_path):
    path = as_zip(tmp_path / "labels.csv.zip", {"labels.csv": TABLE})
    path.write_bytes(path.read_bytes().replace(b"a,0", b"a,1"))
    with pytest.raises(CourseError, match="labels.csv in .* is not a table that can be read: dam"):
        list(read_table(open_source(tmp_path), "labels.csv", ("image", "level")))


# --- what is refused ------------------------------------------------------------------------

OUTSIDE = ["../x.csv", "a/../../x.csv", "/etc/x.csv", "C:/x.csv", "..\\x.csv"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_entries_outside_their_folder(tmp_path, name):
    as_zip(tmp_path / "labels.csv.zip", {"labels.csv": TABLE, name: b"x"})
    assert "points outside its folder; fetch the original zip" in refusal(tmp_path)
    (tmp_path / "labels.csv.zip").unlink()
    cut(as_zip(tmp_path / "train.zip", FILES | {name: b"x"}), 5000)
    assert "points outside its folder" in refusal(tmp_path)
    tar(tmp_path / "t.tar.gz", ("a.csv", TABLE), (name, b"x"))
    assert "points outside its folder; fetch the original tar" in refusal(tmp_path / "t.tar.gz")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_in_a_tar(tmp_path, kind):
    tar(tmp_path / "t.tar.gz", ("a.csv", TABLE), ("b.csv", b""), kind=kind)
    assert "its entry 'b.csv' is a link, not a file" in refusal(tmp_path)


def test_a_link_in_a_zip_in_parts(tmp_path):
    path = as_zip(tmp_path / "train.zip", FILES)
    link = zipfile.ZipInfo("train/9.bin")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    cut(path, 5000)
    assert "is a link, not a file" in refusal(tmp_path)


def test_a_tar_bomb_is_not_decompressed(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_TAR", 2**20)
    path = tar(tmp_path / "t.tar.gz", ("a.csv", TABLE), ("zeros", bytes(8 * 2**20)))
    assert path.stat().st_size < 10_000
    read = []
    original = tarfile.ExFileObject
    monkeypatch.setattr(tarfile, "ExFileObject", lambda *a: read.append(a) or original(*a))
    assert "unpacks to more than 0.0 GB; fetch the original" in refusal(tmp_path)
    assert not read


def test_a_zipped_table_that_is_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_TABLE", 2**20)
    with zipfile.ZipFile(tmp_path / "t.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", bytes(8 * 2**20))
    with pytest.raises(CourseError, match=r"8.4 MB is too large for a table"):
        list(read_table(open_source(tmp_path), "t.csv", ("image",)))


def test_a_zip_that_lies_about_a_size_gives_no_more_than_it_says(tmp_path):
    path = tmp_path / "t.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", bytes(2**20))
    data = path.read_bytes()
    assert data.count((2**20).to_bytes(4, "little")) == 2
    path.write_bytes(data.replace((2**20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(sources.BrokenImage, match="damaged"):
        open_source(tmp_path).read("t.csv")


@machines.with_proc
@pytest.mark.parametrize("name", ["set.zip", "folder"])
def test_nothing_stays_open(tmp_path, name):
    path = (as_zip if name.endswith(".zip") else as_folder)(tmp_path / name, FILES)
    if name == "folder":
        as_zip(path / "more.csv.zip", {"more.csv": b"image,level\n"})
    with open_source(path) as source:
        for file in source.files:
            source.read(file)
        assert name == "folder" or str(path) in machines.open_files()
    assert not [file for file in machines.open_files() if file.startswith(str(tmp_path))]


@machines.with_proc
def test_a_refused_archive_is_closed(tmp_path):
    path = as_zip(tmp_path / "bad.zip", {"../outside.png": b""})
    with pytest.raises(CourseError, match="points outside its folder"):
        open_source(path)
    assert not [file for file in machines.open_files() if file.startswith(str(tmp_path))]
