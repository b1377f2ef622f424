"""Fetching from Kaggle: credentials, rules, going on; then EyePACS, APTOS and FER+ prepared."""

import base64
import importlib
import io
import json
import sys
import tarfile

import numpy as np
import pytest

from tests.data.prepare.download_tools import Server
from tests.data.prepare.prepare_tools import Command, as_folder, as_zip, load_script
from tests.data.prepare.test_prepare_eyepacs import jpeg
from tests.data.prepare.test_prepare_eyepacs import kaggle as eyepacs_files
from tests.data.prepare.test_prepare_ferplus import faces, tables
from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import downloads, kaggle
from tlhelpers.data.real import aptos, eyepacs, ferplus

clients = pytest.importorskip("kagglehub.clients")
kaggle_env = importlib.import_module("kagglesdk.kaggle_env")

DATA = bytes(range(256)) * 400
NAME = "train.zip.001"


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """A home without credentials, and no pause between two tries."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / ".kaggle"))
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TLHELPERS_PROGRESS", "0")
    # It looks through the whole stack for the libraries that call it: half a second each time.
    monkeypatch.setattr(clients, "get_user_agent", lambda: "kagglehub")
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    return home


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_test")


@pytest.fixture
def serve(monkeypatch):
    """A function that starts a server in place of Kaggle's."""
    started = []

    def start(files, **options):
        running = Server(files, **options).running()
        server = running.__enter__()
        started.append(running)
        endpoints = kaggle_env._env_to_endpoint
        monkeypatch.setitem(endpoints, kaggle_env.KaggleEnv.PROD, server.url)
        return server

    yield start
    for running in started:
        running.__exit__(None, None, None)


def get(folder):
    downloads.fetch([kaggle.competition_file("eyes", NAME, len(DATA))], folder)


def refusal(folder):
    with pytest.raises(CourseError) as caught:
        get(folder)
    line = str(caught.value)
    assert "\n" not in line and not (folder / NAME).exists()
    return line


# --- one file -------------------------------------------------------------------------------


def test_a_file_is_fetched_once(serve, token, tmp_path, capsys):
    server = serve({NAME: DATA})
    for _ in range(2):
        get(tmp_path)
    assert (tmp_path / NAME).read_bytes() == DATA
    assert server.asked == [NAME] and server.headers == ["Bearer KGAT_test"]
    assert not (tmp_path / f"{NAME}.part").exists()
    assert capsys.readouterr().out == ""


def write_token(home, monkeypatch):
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "access_token").write_text("KGAT_file\n", encoding="utf-8")
    return "Bearer KGAT_file"


def write_json(home, monkeypatch):
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_text(
        json.dumps({"username": "me", "key": "k"}), encoding="utf-8"
    )
    return "Basic " + base64.b64encode(b"me:k").decode()


def set_name_and_key(home, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    return "Basic " + base64.b64encode(b"me:key").decode()


@pytest.mark.parametrize("give", [write_token, write_json, set_name_and_key])
def test_every_way_to_give_credentials_that_the_message_names(
    serve, at_home, tmp_path, monkeypatch, give
):
    server = serve({NAME: DATA})
    line = refusal(tmp_path)
    assert line.startswith("no Kaggle credentials found: make a token at https://www.kaggle.com/")
    for way in ("~/.kaggle/access_token", "kaggle.json", "KAGGLE_API_TOKEN", "KAGGLE_KEY"):
        assert way in line
    assert not server.headers
    header = give(at_home, monkeypatch)
    get(tmp_path)
    assert server.headers == [header]


def test_credentials_that_cannot_be_read(serve, at_home, tmp_path):
    serve({NAME: DATA})
    as_folder(at_home, {".kaggle/kaggle.json": b"{"})
    assert "Invalid Kaggle credentials file at" in refusal(tmp_path)


def test_without_kagglehub(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert 'pip install -c constraints.txt -e ".[kaggle]"' in refusal(tmp_path)


@pytest.mark.parametrize(
    ("manner", "message", "tries"),
    [
        (401, "does not accept the credentials (401): make a token at", 1),
        (403, "accept the rules at https://www.kaggle.com/competitions/eyes/rules", 1),
        (404, "has no train.zip.001 in eyes (404): look at https://www.kaggle.com/comp", 1),
        (500, "the server says 500", 3),
        ("slow", "no answer for 0.2 seconds", 3),
        ("truncated", "stopped half-way", 3),
        ("corrupt", "wrong checksum and was removed", 1),
    ],
)
def test_a_bad_answer(serve, token, tmp_path, monkeypatch, manner, message, tries):
    server = serve({NAME: DATA})
    server.manners[NAME] = manner
    with monkeypatch.context() as patch:
        if manner == "slow":
            patch.setattr(downloads, "TIMEOUT", 0.2)
        assert message in refusal(tmp_path)
    assert len(server.headers) == tries
    server.manners.clear()
    get(tmp_path)
    assert (tmp_path / NAME).read_bytes() == DATA


def test_a_download_goes_on_where_it_stopped(serve, token, tmp_path, monkeypatch):
    data = 32 * DATA  # kagglehub writes pieces of 1 MiB.
    server = serve({NAME: data})
    monkeypatch.setattr(downloads, "TRIES", 1)
    server.manners[NAME] = ["truncated", "good"]
    refusal(tmp_path)
    assert (tmp_path / f"{NAME}.part").read_bytes() == data[: 2**20]
    get(tmp_path)
    assert (tmp_path / NAME).read_bytes() == data
    assert server.ranges_asked == [f"bytes={2**20}-"]


@pytest.mark.parametrize(
    ("sums", "message"), [(True, "wrong checksum"), (False, "stopped half-way, nothing of it")]
)
def test_going_on_with_an_answer_that_is_no_part(
    serve, token, tmp_path, monkeypatch, sums, message
):
    """The server announces ranges, and then refuses to go on."""
    server = serve({NAME: DATA}, sums=sums)
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:1000])
    monkeypatch.setattr(downloads, "TRIES", 1)
    server.manners[NAME] = ["good", 403, "good"]
    assert message in refusal(tmp_path)
    assert not (tmp_path / f"{NAME}.part").exists()
    get(tmp_path)
    assert (tmp_path / NAME).read_bytes() == DATA


def test_no_room(serve, token, tmp_path, monkeypatch):
    serve({NAME: DATA})
    monkeypatch.setattr(downloads, "free_space", lambda folder: 50_000)
    assert "needs 102.4 kB, 50.0 kB are free" in refusal(tmp_path)
    with pytest.raises(CourseError, match="needs 102.4 kB"):  # What Kaggle says counts.
        downloads.fetch([kaggle.competition_file("eyes", NAME, 1)], tmp_path)


def test_a_download_goes_on_where_only_the_rest_fits(serve, token, tmp_path, monkeypatch):
    server = serve({NAME: DATA})
    (tmp_path / f"{NAME}.part").write_bytes(DATA[:60_000])
    monkeypatch.setattr(downloads, "free_space", lambda folder: 42_399)
    assert "needs 42.4 kB, 42.4 kB are free" in refusal(tmp_path)
    assert not server.headers
    monkeypatch.setattr(downloads, "free_space", lambda folder: 42_400)
    get(tmp_path)
    assert (tmp_path / NAME).read_bytes() == DATA
    assert server.ranges_asked == ["bytes=60000-"]


def test_no_network(serve, token, tmp_path):
    server = serve({})
    server._http.shutdown()
    server._http.server_close()
    assert "cannot be reached: check the internet connection" in refusal(tmp_path)


# --- the sets -------------------------------------------------------------------------------


def in_parts(data, size=9000):
    """A file cut as Kaggle cut train.zip: name to bytes."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return {f"train.zip.{number:03}": piece for number, piece in enumerate(pieces, start=1)}


def zipped(tmp_path, files):
    return as_zip(tmp_path / "made.zip", files).read_bytes()


def test_eyepacs_from_kaggle(serve, token, tmp_path, monkeypatch):
    script = load_script("prepare_eyepacs")
    files = eyepacs_files(patients=6, folder="train/")
    labels = {"trainLabels.csv": files.pop("trainLabels.csv")}
    whole = zipped(tmp_path, files)
    parts = in_parts(whole, len(whole) // 5 + 1)
    assert len(parts) == script.PARTS
    server = serve({"trainLabels.csv.zip": zipped(tmp_path, labels)} | parts)
    small = [kaggle.competition_file(script.COMPETITION, name, 9000) for name in server.files]
    assert [file.name for file in script.FILES] == list(server.files)
    monkeypatch.setattr(script, "FILES", tuple(small))
    command = Command(script, "--size", 16)
    target = tmp_path / "data" / "eyepacs-16"

    server.manners["train.zip.003"] = 403
    line = command.prepare("kaggle", target).stderr.splitlines()[-1]
    assert "/competitions/diabetic-retinopathy-detection/rules" in line
    assert not target.exists()
    server.manners.clear()
    said = command.done("kaggle", target)
    assert "prepared: 12 images of 6 patients" in said.stdout
    assert server.asked == list(server.files)  # Each once: what was there was kept.
    again = as_folder(tmp_path / "unpacked", files | labels)
    assert "12 images" in command.done(again, tmp_path / "other").stdout
    assert np.array_equal(eyepacs(target, 16).images, eyepacs(tmp_path / "other", 16).images)


def test_aptos_from_kaggle(serve, token, tmp_path, monkeypatch):
    script = load_script("prepare_aptos")
    lines = ["id_code,diagnosis", *(f"{number:012x},{number % 5}" for number in range(7))]
    files = {f"train_images/{number:012x}.png": jpeg(number) for number in range(7)}
    files |= {"train.csv": "\n".join(lines).encode(), "test.csv": b"id_code\n"}
    files["test_images/ffffffffffff.png"] = jpeg(9)
    serve({"aptos2019-blindness-detection.zip": zipped(tmp_path, files)})
    small = kaggle.whole_competition(script.COMPETITION, 9000)
    assert [file.name for file in script.FILES] == [small.name]
    monkeypatch.setattr(script, "FILES", (small,))
    command = Command(script, "--size", 16)
    said = command.done("kaggle", tmp_path / "aptos-16").stdout
    assert "prepared: 7 images, grades 0-4: 2 / 2 / 1 / 1 / 1; left out: nothing" in said
    data = aptos(tmp_path / "aptos-16", 16)
    assert data.grades.tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert data.labels.tolist() == [0, 1, 1, 1, 1, 0, 1]
    assert data.groups.tolist() == list(range(7))
    command.done(as_folder(tmp_path / "unpacked", files), tmp_path / "duplicate")
    assert np.array_equal(aptos(tmp_path / "duplicate", 16).images, data.images)
    bad = as_folder(tmp_path / "bad", files | {"train.csv": b"id_code,diagnosis\n../x,0\n"})
    assert "line 2: the name '../x' is not an id_code" in command.refused(bad, tmp_path / "b")


def tar_gz(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def test_ferplus_from_kaggle_and_microsoft(serve, token, tmp_path, monkeypatch):
    script = load_script("prepare_ferplus")
    files = tables(faces())
    archive = tar_gz({"fer2013/fer2013.csv": files["fer2013.csv"], "fer2013/README": b"words"})
    server = serve({"fer2013.tar.gz": archive, "fer2013new.csv": files["fer2013new.csv"]})
    assert [file.name for file in script.FILES] == list(server.files)
    monkeypatch.setattr(
        script,
        "FILES",
        (
            kaggle.competition_file("faces", "fer2013.tar.gz", 9000),
            downloads.plain(f"{server.url}/fer2013new.csv", 9000),
        ),
    )
    command = Command(script)
    said = command.done("kaggle", tmp_path / "ferplus").stdout
    assert "prepared: 20 faces: train 11, valid 6, test 3" in said
    command.done(as_folder(tmp_path / "csv", files), tmp_path / "other")
    one, other = (ferplus(tmp_path / name).train for name in ("ferplus", "other"))
    assert np.array_equal(one.images, other.images) and np.array_equal(one.votes, other.votes)
