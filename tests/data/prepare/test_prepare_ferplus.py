"""Preparing FER+: both layouts, what is refused and reported, and loading it as a split."""

import errno
import hashlib
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.data.prepare.prepare_tools import (
    Command,
    as_folder,
    as_zip,
    contents,
    load_script,
    progress_lines,
)
from tlhelpers.core.errors import CourseError
from tlhelpers.data import real as real
from tlhelpers.data.dataset import Dataset
from tlhelpers.data.prepare import sources
from tlhelpers.data.real import ferplus
from tlhelpers.data.splits import shared_groups
from tlhelpers.data.votes import COLUMNS, EMOTIONS

SIZE = 48
command = Command(load_script("prepare_ferplus"))
done, refused, interrupted = command.done, command.refused, command.interrupted
measure = load_script("measure_ferplus")

USAGES = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
HEADER = ",".join(["Usage", "Image name", *COLUMNS])


@pytest.fixture
def target(tmp_path):
    return tmp_path / "prepared"


def face(seed):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE), np.uint8)


def votes_for(emotion, sure=8):
    """Ten votes, so many for one emotion (by number), the others "unknown"."""
    votes = [0] * 10
    votes[emotion], votes[8] = sure, 10 - sure
    return votes


def faces(train=12, valid=6, test=3):
    """Rows of the set: usage, name, pixels, votes. The third has no name: no part of FER+."""
    rows = []
    for usage, count in zip(USAGES, (train, valid, test), strict=True):
        for i in range(count):
            number = len(rows)
            votes = votes_for((i + i // 8) % 8, sure=8 if i % 3 else 2)
            rows.append((usage, f"fer{number:07}.png", face(number), votes))
    usage, _, pixels, votes = rows[2]
    rows[2] = (usage, "", pixels, votes)
    return rows


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def folders(rows, inner=""):
    """The set as Microsoft's script writes it: path to bytes."""
    files, labels = {}, {}
    for usage, name, pixels, votes in rows:
        if name:
            folder = inner + USAGES[usage]
            files[f"{folder}/{name}"] = png(pixels)
            line = f'{name},"(0, 0, 48, 48)",{",".join(map(str, votes))}\n'
            labels[folder] = labels.get(folder, "") + line
    return files | {f"{folder}/label.csv": text.encode() for folder, text in labels.items()}


def tables(rows, inner=""):
    """The set as Kaggle's and Microsoft's tables."""
    old, new = ["emotion,pixels,Usage"], [HEADER]
    for usage, name, pixels, votes in rows:
        old.append(f"0,{' '.join(map(str, pixels.ravel()))},{usage}")
        new.append(",".join([usage, name, *map(str, votes)]))
    return {
        inner + name: ("\n".join(lines) + "\n").encode()
        for name, lines in (("fer2013.csv", old), ("fer2013new.csv", new))
    }


# --- what is prepared -------------------------------------------------------------------------


@pytest.mark.parametrize("make", [as_zip, as_folder])
@pytest.mark.parametrize("inner", ["", "fer/"])
@pytest.mark.parametrize("layout", [folders, tables])
def test_layouts(tmp_path, target, layout, inner, make):
    result = done(make(tmp_path / "source", layout(faces(), inner)), target)
    assert "20 faces: train 11, valid 6, test 3" in result.stdout
    prepared = real.open_ferplus(target)
    assert prepared.images.shape == (20, SIZE, SIZE, 1)
    assert prepared.images.dtype == np.uint8
    assert list(prepared.index.columns) == ["image", "split", *COLUMNS]
    assert prepared.index.iloc[2].tolist() == ["fer0000003.png", "train", *votes_for(3, sure=2)]
    assert np.array_equal(prepared.images[2, ..., 0], face(3))
    assert prepared.about["counts"] == {"test": 3, "train": 11, "valid": 6}
    assert prepared.about["job"]["name"] == "ferplus"


def test_both_layouts_give_the_same_prepared_set(tmp_path, target):
    rows = faces()
    rows = rows[::2] + rows[1::2]  # Splits mixed, as tables may have them.
    done(as_zip(tmp_path / "a.zip", folders(rows)), target)
    result = done(as_zip(tmp_path / "b.zip", tables(rows)), tmp_path / "other")
    one, other = contents(target), contents(tmp_path / "other")
    assert "left out: row without image name 1" in result.stdout
    assert "row without image name: fer2013new.csv, line 3" in result.stderr
    del one["problems.csv"], other["problems.csv"]
    assert sorted(one) == ["images.npy", "index.csv"]
    assert one == other


@pytest.mark.parametrize("layout", [folders, tables])
def test_a_row_that_comes_again(tmp_path, target, layout):
    """As three do in Microsoft's table. With other votes it would be another label."""
    rows = faces()
    again = (*rows[0][:2], rows[7][2], rows[0][3])
    done(as_zip(tmp_path / "a.zip", layout([*rows, again])), target)
    prepared = real.open_ferplus(target)
    assert len(prepared.images) == 20
    assert np.array_equal(prepared.images[0, ..., 0], face(7))  # The script overwrites the first.
    assert prepared.about["skipped"]["row that comes again"] == 1
    other = (*rows[0][:3], rows[7][3])
    line = refused(as_zip(tmp_path / "b.zip", layout([*rows, other])), tmp_path / "other")
    assert "names fer0000000.png more than once" in line


def test_split_folders_may_be_missing(tmp_path, target):
    result = done(as_zip(tmp_path / "a.zip", folders(faces(test=0))), target)
    assert "17 faces: train 11, valid 6, no test split; left out: nothing" in result.stdout
    assert result.stderr == ""


def test_microsofts_repository_with_kaggles_table(tmp_path, target):
    """There the folders hold label.csv but no images."""
    files = tables(faces())
    files |= {name: data for name, data in folders(faces()).items() if name.endswith(".csv")}
    assert "20 faces" in done(as_folder(tmp_path / "s", files), target).stdout


def test_folders_with_the_table_of_votes_beside_them(tmp_path, target):
    files = folders(faces()) | {"fer2013new.csv": tables(faces())["fer2013new.csv"]}
    assert "20 faces" in done(as_zip(tmp_path / "s.zip", files), target).stdout


def test_dry_run_and_limit(tmp_path, target):
    source = as_zip(tmp_path / "s.zip", tables(faces()))
    assert "nothing written: 20 faces" in done(source, target, "--dry-run").stdout
    assert not target.exists()
    assert "13 faces: train 11, valid 2, no test" in done(source, target, "--limit", 13).stdout
    assert "another limit (13)" in refused(source, target)


@pytest.mark.parametrize("layout", [folders, tables])
def test_a_complete_target_is_kept(tmp_path, target, layout, monkeypatch):
    source = as_zip(tmp_path / "s.zip", layout(faces()))
    done(source, target)
    before = contents(target)
    monkeypatch.setattr(sources, "read_table", None)
    monkeypatch.setattr(command.script, "read_table", None)
    for more in ([], ["--overwrite"], ["--dry-run"]):
        assert "already prepared: 20 faces" in done(source, target, *more).stdout
    monkeypatch.undo()
    other = as_zip(tmp_path / "other.zip", layout(faces(valid=5)))
    assert "another source" in refused(other, target)
    assert contents(target) == before
    assert "19 faces" in done(other, target, "--overwrite").stdout
    assert "same as --source" in refused(target, target)


@pytest.mark.parametrize("layout", [folders, tables])
def test_goes_on_where_it_was_stopped(tmp_path, target, layout):
    source = as_zip(tmp_path / "s.zip", layout(faces()))
    interrupted(source, target, after=7)
    assert progress_lines(target) == 7
    with pytest.raises(CourseError, match=r"go on with `python data_scripts/prepare_ferplus\.py"):
        ferplus(target)
    with open(target / "images.partial.npy", "ab") as file:
        file.write(b"half an image")
    assert "20 faces" in done(source, target).stdout
    done(source, tmp_path / "in_one_go")
    assert contents(target) == contents(tmp_path / "in_one_go")


# --- what is reported -------------------------------------------------------------------------


def test_problems_of_folders(tmp_path, target):
    files = folders(faces())
    train = "FER2013Train/fer00000"
    files[f"{train}00.png"] = files[f"{train}00.png"][:-60]
    files[f"{train}01.png"] = b"no image"
    files[f"{train}03.png"] = png(face(0)[:24])
    del files[f"{train}04.png"]
    files["FER2013Valid/stray.png"] = png(face(0))
    result = done(as_zip(tmp_path / "s.zip", files), target)
    assert "16 faces: train 7" in result.stdout
    lines = result.stderr.splitlines()
    assert lines[:2] == [
        "label without image: fer0000004.png",
        "image without label: stray.png (FER2013Valid/stray.png)",
    ]
    assert lines[2].startswith("broken image: fer0000000.png (")
    assert lines[3] == "broken image: fer0000001.png (not a JPEG or PNG image)"
    assert lines[4] == "broken image: fer0000003.png (48 x 24 pixels, not 48 x 48)"
    index = real.open_ferplus(target).index
    assert index["image"][0] == "fer0000005.png"


def test_a_face_saved_in_colour_is_made_grey(tmp_path, target):
    files = folders(faces())
    files["FER2013Train/fer0000000.png"] = png(np.stack([face(0)] * 3, axis=-1))
    done(as_zip(tmp_path / "s.zip", files), target)
    assert np.array_equal(real.open_ferplus(target).images[0, ..., 0], face(0))


# --- what is refused --------------------------------------------------------------------------


def changed(files, name, old, new, count=1):
    """The files with a piece of one replaced."""
    assert old in files[name]
    return files | {name: files[name].replace(old, new, count)}


OLD, NEW, LABELS = "fer2013.csv", "fer2013new.csv", "FER2013Valid/label.csv"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (OLD, b"pixels", b"pixel", "fer2013.csv has no column 'pixels' (it has emotion, pixel"),
        (OLD, b"emotion,pixels,Usage", b"", "has no column"),
        (
            OLD,
            b"Usage\n0,",
            b"Usage\n0,1 ",
            "fer2013.csv, line 2: 2,305 pixels, not 48 x 48 = 2,304",
        ),
        (OLD, b"Usage\n0,", b"Usage\n0,x", "fer2013.csv, line 2: pixels must be whole numbers"),
        (OLD, b"Usage\n0,", b"Usage\n0,999", "fer2013.csv, line 2: pixels must be from 0 to 255"),
        (OLD, b",Training", b",Train", "fer2013.csv, line 2: Usage is 'Train', not one of"),
        (OLD, b",Training", b",PublicTest", "row 1 of fer2013new.csv is of train"),
        (OLD, b",Training", b",Training,1", "line 2: more values than columns"),
        (NEW, b"contempt", b"Contempt", "fer2013new.csv has no column 'contempt'"),
        (NEW, b"Image name", b"image", "no column 'Image name'"),
        (NEW, b"Training,", b"Test,", "fer2013new.csv, line 2: Usage is 'Test'"),
        (NEW, b"0.png,2", b"0.png,2.5", "line 2: '2.5' is not a number of votes for neutral"),
        (NEW, b"0.png,2", b"0.png,-2", "line 2: '-2' is not a number of votes"),
        (NEW, b"0.png,2", b"0.png,200", "line 2: '200' is not a number of votes"),
        (NEW, b"0,8,0\nTraining", b"0,8\nTraining", "line 2: '' is not a number of votes for NF"),
        (NEW, b"fer0000001", b"fer0000000", "names fer0000000.png more than once"),
        (NEW, b"Training,fer0000000", b"\xff", "not a table that can be read"),
    ],
)
def test_wrong_tables(tmp_path, target, name, old, new, message):
    files = tables(faces())
    line = refused(as_zip(tmp_path / "s.zip", changed(files, name, old, new)), target)
    assert message in line
    assert not target.exists()


@pytest.mark.parametrize("longer", [OLD, NEW])
def test_tables_of_different_length(tmp_path, target, longer):
    files = tables(faces())
    files[longer] = tables(faces(test=4))[longer]
    line = refused(as_zip(tmp_path / "s.zip", files), target)
    counts = (22, 21) if longer == OLD else (21, 22)
    assert "fer2013.csv holds {} rows and fer2013new.csv {}".format(*counts) in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b",2,0,0", b",2,0,0,0", "label.csv, line 1: more values than columns"),
        (b",2,0,0,0", b",2,0,0", "line 1: '' is not a number of votes for NF"),
        (b",2,0", b",two,0", "line 1: 'two' is not a number of votes for neutral"),
        (b"fer0000013", b"fer0000012", "names fer0000012.png more than once"),
    ],
)
def test_wrong_label_files(tmp_path, target, old, new, message):
    files = changed(folders(faces()), LABELS, old, new)
    line = refused(as_zip(tmp_path / "s.zip", files), target)
    assert LABELS in line and message in line
    assert not target.exists()


def test_sources_that_are_not_the_set(tmp_path, target):
    (tmp_path / "empty").mkdir()
    line = refused(tmp_path / "empty", target)
    assert "holds no fer2013.csv and no fer2013new.csv, and no images in FER2013Train" in line
    only = as_folder(tmp_path / "only", {OLD: tables(faces())[OLD]})
    assert "holds no fer2013new.csv, and" in refused(only, target)
    twice = as_folder(tmp_path / "twice", tables(faces()) | tables(faces(), "again/"))
    assert "more than one fer2013.csv" in refused(twice, target)
    twice = as_folder(tmp_path / "twice2", folders(faces()) | folders(faces(), "again/"))
    assert "more than one FER2013" in refused(twice, target)
    files = folders(faces())
    del files[LABELS]
    bare = as_folder(tmp_path / "bare", files)
    assert "holds no FER2013Valid/label.csv" in refused(bare, target)
    files = folders(faces()) | {LABELS: b""}
    assert "holds no labels" in refused(as_zip(tmp_path / "e.zip", files), target)
    files = {
        name.replace("FER2013Test/fer0000018", "FER2013Test/fer0000000"): data.replace(
            b"fer0000018", b"fer0000000"
        )
        for name, data in folders(faces()).items()
    }
    two = as_zip(tmp_path / "t.zip", files)
    assert "fer0000000.png stands in two splits" in refused(two, target)
    assert not target.exists()


@pytest.mark.parametrize("name", ["../fer.png", "FER2013Train/../../fer.png", "/etc/fer.png"])
@pytest.mark.parametrize("layout", [folders, tables])
def test_a_zip_entry_outside_its_folder(tmp_path, target, layout, name):
    files = layout(faces()) | {name: png(face(0))}
    line = refused(as_zip(tmp_path / "s.zip", files), target)
    assert "points outside its folder" in line
    assert not target.exists()


def test_a_damaged_table_in_a_zip(tmp_path, target):
    source = as_zip(tmp_path / "s.zip", tables(faces()))
    # Stored, not compressed: another pixel, so only the checksum is wrong.
    source.write_bytes(source.read_bytes().replace(b" 100 ", b" 101 ", 1))
    assert "damaged in the zip" in refused(source, target)


def test_another_prepared_set(tmp_path, target):
    done(as_zip(tmp_path / "s.zip", folders(faces())), target)
    with pytest.raises(CourseError, match="holds ferplus images, not eyepacs"):
        real.eyepacs(target, SIZE)
    with pytest.raises(CourseError, match=r"make them with `python data_scripts/prepare_ferplus"):
        ferplus(tmp_path / "nowhere")


# --- as a split -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """64 + 16 faces; 3 training images are duplicates of the first 2 validation images."""
    rows = faces(train=64, valid=16, test=0)
    for place, duplicate in ((5, 64), (9, 64), (11, 65)):
        rows[place] = (*rows[place][:2], rows[duplicate][2], rows[place][3])
    folder = tmp_path_factory.mktemp("ferplus")
    done(as_zip(folder / "s.zip", folders(rows)), folder / "prepared")
    return folder / "prepared"


def test_split(prepared):
    split = ferplus(prepared)
    assert (len(split.train), len(split.validation)) == (63, 16)
    train = split.train
    assert train.images.shape == (63, SIZE, SIZE, 1)
    assert train.classes == EMOTIONS
    assert train.votes.shape == (63, 8)
    assert np.array_equal(train.grades, train.labels)
    assert train.labels.tolist()[:4] == [0, 1, 3, 4]
    assert np.array_equal(train.votes.argmax(axis=1), train.labels)
    assert shared_groups(split) == 0
    assert len(set(train.groups)) == 63


def test_the_rule_decides_what_is_kept(prepared):
    cleaned = ferplus(prepared, labels="clean majority")
    assert len(cleaned.train) < 63
    assert (cleaned.train.votes.max(axis=1) == 8).all()
    with pytest.raises(CourseError, match="labels='mode' is unknown: choose one of plurality"):
        ferplus(prepared, labels="mode")


def test_without_duplicates(prepared):
    honest = ferplus(prepared, duplicates=False)
    assert len(honest.train) == 60
    whole = ferplus(prepared)
    left_out = np.setdiff1d(whole.train.groups, honest.train.groups)
    assert left_out.tolist() == [4, 8, 10]  # The row without a name stands before them.
    assert honest.validation.fingerprint() == whole.validation.fingerprint()


def test_part_of_the_training_images(prepared):
    choices = ((24, 0), (24, 0), (40, 0), (24, 1))
    part, same, larger, other = (ferplus(prepared, train=n, seed=s).train for n, s in choices)
    assert len(part) == 24
    assert np.bincount(part.labels, minlength=8).tolist() == [3] * 8
    assert part.fingerprint() == same.fingerprint() != other.fingerprint()
    assert set(part.groups) < set(larger.groups)
    assert len(ferplus(prepared, train=24).validation) == 16
    whole = ferplus(prepared).train
    assert ferplus(prepared, train=63).train.fingerprint() == whole.fingerprint()
    for wrong in (0, 64):
        with pytest.raises(CourseError, match="ask for 1 to 63"):
            ferplus(prepared, train=wrong)


def test_a_set_without_validation(tmp_path, target):
    done(as_zip(tmp_path / "s.zip", folders(faces(valid=0))), target)
    with pytest.raises(CourseError, match="holds no valid images"):
        ferplus(target)


def test_figures(prepared, tmp_path):
    """Numbers of the tiny set; the real ones are committed."""
    assert "measured 79 faces" in measure.measure(prepared, tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["train"]["images"] == 63
    assert sum(figures["train"]["count by class"]["plurality"].values()) == 63
    duplicates = figures["duplicates"]
    assert duplicates["groups"] == duplicates["groups across the split"] == 2
    assert duplicates["validation images with an exact duplicate in training"] == 2
    assert duplicates["training images with an exact duplicate in validation"] == 3
    # Validation faces 0 and 1 have labels 0 and 1, training faces 5, 9, 11 others.
    assert duplicates["groups with conflicting labels"]["plurality"] == 2


def test_figures_that_cannot_be_written(prepared, tmp_path, monkeypatch, capsys):
    """One line, and the file of before is whole."""
    (tmp_path / "figures.json").write_text("of before", encoding="utf-8")

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)  # where what was written has to find its place
    with pytest.raises(measure.typer.Exit) as end:
        measure.main(prepared, tmp_path / "figures.json")
    (line,) = capsys.readouterr().err.splitlines()
    assert end.value.exit_code == 2 and line.startswith("measure_ferplus: cannot write in")
    assert (tmp_path / "figures.json").read_text(encoding="utf-8") == "of before"


# --- the data set -----------------------------------------------------------------------------


def test_channels_and_votes_of_a_data_set():
    images, numbers = np.zeros((4, 8, 8, 1), np.uint8), np.arange(4)
    common = (numbers % 2, numbers, numbers, ("a", "b"))
    votes = np.arange(8).reshape(4, 2)
    data = Dataset(images, *common, votes=votes)
    assert data.subset(np.array([2, 0])).votes.tolist() == [[4, 5], [0, 1]]
    assert Dataset(images, *common).subset(numbers > 1).votes is None
    assert data.fingerprint() != Dataset(images, *common).fingerprint()
    with pytest.raises(ValueError, match=r"votes must have shape \(4, 2\)"):
        Dataset(images, *common, votes=votes.T)
    with pytest.raises(ValueError, match="images must be uint8"):
        Dataset(np.zeros((4, 8, 8, 2), np.uint8), *common)


def test_fingerprints_in_recordings_stay_what_they_were():
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    labels, groups = np.array([0, 1]), np.array([5, 6])
    data = Dataset(images, labels, groups, labels, ("a", "b"))
    told = hashlib.sha256()
    for array in (images, labels, groups):
        told.update(f"({array.shape}, '{array.dtype}')".encode() + array.tobytes())
    assert data.fingerprint() == told.hexdigest()[:16]


def test_a_moved_source_is_the_same(tmp_path, target):
    source = as_zip(tmp_path / "s.zip", tables(faces()))
    done(source, target)
    moved = shutil.copy(source, tmp_path / "moved.zip")
    assert "already prepared" in done(moved, target).stdout


def test_parts_of_both_sides(prepared):
    whole = ferplus(prepared)
    part = ferplus(prepared, train=20, validation=8, seed=1)
    assert (len(part.train), len(part.validation)) == (20, 8)
    for side, of in ((part.train, whole.train), (part.validation, whole.validation)):
        assert set(side.groups) <= set(of.groups)
