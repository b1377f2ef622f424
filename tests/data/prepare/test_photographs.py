"""The retinopathy case on other photographs than EyePACS."""

import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare.prepared import Preparation, write_prepared
from tlhelpers.experiment.cases import case, retinopathy


def prepared(folder, name, splits):
    """A prepared set of 96 px: split to number of images."""
    rows = [
        {"image": f"{split}_{number}", "patient": number, "split": split, "grade": number % 5}
        for split, count in splits.items()
        for number in range(count)
    ]
    items = pd.DataFrame(rows)
    black = np.zeros((96, 96, 3), np.uint8)
    preparation = Preparation(name, "test", "0", 96, None, "none")
    write_prepared(folder, items, lambda image: black, preparation)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path))
    monkeypatch.setenv("TLHELPERS_PROGRESS", "0")
    return tmp_path


def sides(this):
    return len(this.split.train), len(this.split.validation)


def test_retinamnist_in_its_own_split(data):
    prepared(data / "retinamnist-96", "retinamnist", {"train": 1080, "val": 120, "test": 400})
    this = case("retinopathy", data="real", photographs="retinamnist")
    assert this.spec == "real retinamnist 1080+400 96px own-split-test seed 1"
    assert this.data_words == "RetinaMNIST, 1,080 for training and 400 for validation, 96 px"
    assert sides(this) == (1080, 400)
    assert any("two parts of DeepDRiD" in assumption for assumption in this.assumptions)


def test_a_part_of_retinamnist_is_not_it(data):
    prepared(data / "retinamnist-96", "retinamnist", {"train": 108, "val": 12, "test": 40})
    with pytest.raises(CourseError, match="holds a part of RetinaMNIST: prepare the whole"):
        _ = case("retinopathy", data="real", photographs="retinamnist").split


def test_aptos_is_split_by_image(data):
    prepared(data / "aptos-96", "aptos", {"": 3662})
    this = case("retinopathy", data="real", photographs="aptos")
    assert this.spec == "real aptos 2930+732 96px split-by-picture seed 1"
    assert sides(this) == (2930, 732)
    train, validation = this.split.train, this.split.validation
    assert not np.intersect1d(train.groups, validation.groups).size
    assert np.bincount(validation.grades).tolist() == pytest.approx([146.4] * 5, abs=2)


@pytest.mark.parametrize(("profile", "size"), [("quick", 96), ("full", 224)])
@pytest.mark.parametrize(
    ("name", "source"), [("eyepacs", "kaggle"), ("aptos", "kaggle"), ("retinamnist", "zenodo")]
)
def test_the_command_to_run_prepares_what_is_wanted(data, monkeypatch, profile, size, name, source):
    """Whole, with the size; and a shell takes it as it stands."""
    monkeypatch.setenv("TLHELPERS_DATA", str(data / "my data"))
    with pytest.raises(CourseError) as error:
        _ = case("retinopathy", profile, "real", photographs=name).split
    before, command, after = str(error.value).split("`")
    assert (before.split()[:3], after) == (["no", "prepared", "images"], "")
    target = str(data / "my data" / f"{name}-{size}")
    script = f"data_scripts/prepare_{name}.py"
    options = ["--source", source, "--target", target, "--size", str(size)]
    assert shlex.split(command) == ["python", script, *options]
    assert (paths.PROJECT / script).exists()


def test_the_command_for_the_faces_has_no_size(data):
    """They have 48 pixels, and the script takes no --size."""
    with pytest.raises(CourseError) as error:
        _ = case("ferplus", data="real").split
    command = str(error.value).split("`")[1]
    target = str(data / "ferplus")
    script = "data_scripts/prepare_ferplus.py"
    assert shlex.split(command) == ["python", script, "--source", "kaggle", "--target", target]


def test_loading_needs_nothing_that_fetches_or_prepares(data):
    """No command line, no network: what is prepared is only read."""
    prepared(data / "aptos-96", "aptos", {"": 5})
    code = (
        "import sys; from tlhelpers.data.real import aptos; "
        f"assert len(aptos({str(data / 'aptos-96')!r}, 96)) == 5; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    needless = ("typer", "requests", "pooch", "filelock", "kagglehub", "PIL")
    own = ("fetching", "preparing", "photographs", "kaggle")
    found = set(done.stdout.split()) & {*needless, *(f"tlhelpers.data.{name}" for name in own)}
    assert not found


@pytest.mark.parametrize("name", ["eyepacs", "aptos", "retinamnist"])
def test_images_of_another_size_are_refused(data, name):
    """A folder's name is no proof: this one was prepared without --size 224."""
    prepared(data / f"{name}-224", name, {"train": 3, "test": 2})
    with pytest.raises(CourseError, match="holds images of 96 pixels, but 224 are wanted") as e:
        _ = case("retinopathy", "full", "real", photographs=name).split
    assert f"--target {data}/{name}-224 --size 224 --overwrite`" in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("name", ["eyepacs", "aptos", "retinamnist", "ferplus"])
def test_the_guide_names_the_same_command(data, name):
    """docs/full.md, for the quick profile."""
    this = case("ferplus", data="real") if name == "ferplus" else None
    this = this or case("retinopathy", data="real", photographs=name)
    with pytest.raises(CourseError) as error:
        _ = this.split
    command = str(error.value).split("`")[1].replace(f"{data}/", "data/")
    assert f".venv/bin/{command}\n" in (paths.PROJECT / "docs/full.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"photographs": "messidor"}, "unknown: choose one of eyepacs, aptos, retinamnist"),
        ({"photographs": "aptos", "data": "synthetic"}, "needs data='real'"),
        ({"photographs": "aptos", "fellow_eyes": 0.8}, "needs photographs='eyepacs'"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(CourseError, match=message):
        case("retinopathy", **{"data": "real"} | options)


def test_eyepacs_is_what_recordings_say():
    """Recordings are found by these words."""
    for this in (retinopathy.make("quick", "real"), case("retinopathy", "quick", "real")):
        assert this.spec == "real 3000+1200 96px split-by-patient seed 1"
        assert this.data_words == "EyePACS, 3,000 for training and 1,200 for validation, 96 px"
        named = {sentence.split(":")[0] for sentence in this.assumptions}
        assert named == {sentence.split(":")[0] for sentence in retinopathy.ASSUMPTIONS}


def test_a_smoke_test_of_real_images_takes_a_few_of_them(data):
    """Not the quick profile under another name."""
    prepared(data / "eyepacs-96", "eyepacs", {"": 200})
    prepared(data / "aptos-96", "aptos", {"": 200})
    prepared(data / "retinamnist-96", "retinamnist", {"train": 1080, "val": 120, "test": 400})
    for name in retinopathy.PHOTOGRAPHS:
        this = case("retinopathy", "smoke", "real", photographs=name)
        assert sides(this) == (64, 48)
        assert this.measured.epochs == case("retinopathy", "smoke").measured.epochs
        assert this.measured.truncate_at == "block0"
