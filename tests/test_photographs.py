"""The retinopathy case on other photographs than EyePACS."""

import numpy as np
import pandas as pd
import pytest

from tlhelpers.cases import case, retinopathy
from tlhelpers.data.prepared import Job, write_prepared
from tlhelpers.errors import CourseError


def prepared(folder, name, splits):
    """A prepared set of 96 px: split to number of pictures."""
    rows = [
        {"image": f"{split}_{number}", "split": split, "grade": number % 5}
        for split, count in splits.items()
        for number in range(count)
    ]
    items = pd.DataFrame(rows)
    picture = np.zeros((96, 96, 3), np.uint8)
    job = Job(name, "test", "0", 96, None, "none")
    write_prepared(folder, items, lambda image: picture, job)


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


def test_aptos_is_split_by_picture(data):
    prepared(data / "aptos-96", "aptos", {"": 3662})
    this = case("retinopathy", data="real", photographs="aptos")
    assert this.spec == "real aptos 2930+732 96px split-by-picture seed 1"
    assert sides(this) == (2930, 732)
    train, validation = this.split.train, this.split.validation
    assert not np.intersect1d(train.groups, validation.groups).size
    assert np.bincount(validation.grades).tolist() == pytest.approx([146.4] * 5, abs=2)


@pytest.mark.parametrize("name", ["aptos", "retinamnist"])
def test_the_command_to_run_is_named(data, name):
    with pytest.raises(CourseError, match=f"python data_scripts/prepare_{name}.py --source "):
        _ = case("retinopathy", data="real", photographs=name).split


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
        assert this.assumptions == retinopathy.ASSUMPTIONS
