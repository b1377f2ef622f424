"""A room of a small course: what it holds, how it is gone on with, and that it installs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet
from typer.testing import CliRunner

from tests.course.room import small_index
from tlhelpers.cli import app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import room
from tlhelpers.course.room import copying, fetching, folder, start, wheels
from tlhelpers.course.room.targets import PLATFORMS, PYTHONS, Target, targets

THIS = "{}.{}".format(*sys.version_info[:2])
LINUX = Target(PLATFORMS["linux-x86_64"], "3.12")
WINDOWS = Target(PLATFORMS["windows-amd64"], "3.12")
MAC_11 = Target(PLATFORMS["macos-arm64"], "3.11")


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return small_index.index(tmp_path_factory.mktemp("index"))


@pytest.fixture
def pip_from(monkeypatch):
    """pip, with nothing but this folder as its index."""

    def set_folder(folder):
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    return set_folder


@pytest.fixture(scope="module")
def first(index, tmp_path_factory):
    """A course and its room for three targets; tests work on copies."""
    at = tmp_path_factory.mktemp("first")
    course = small_index.course(at / "course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "fetch", small_index.fetcher(index))
        patch.setattr(folder, "SIZES", dict.fromkeys(PLATFORMS, 1e6))
        said: list[str] = []
        made = room.make(course, at / "room", [LINUX, WINDOWS, MAC_11], said.append)
    return SimpleNamespace(course=course, room=at / "room", made=made, said=said)


@pytest.fixture
def again(first, index, tmp_path, monkeypatch):
    """A copy of the room; `make()` makes it once more and gives what was fetched."""
    shutil.copytree(first.room, tmp_path / "room")
    monkeypatch.setattr(fetching, "fetch", small_index.fetcher(index))
    monkeypatch.setattr(folder, "SIZES", dict.fromkeys(PLATFORMS, 1e6))
    it = SimpleNamespace(room=tmp_path / "room")

    def make(*asked, course=first.course):
        said: list[str] = []
        it.made = room.make(course, it.room, asked or (LINUX, WINDOWS, MAC_11), said.append)
        return [line.split(": ")[1] for line in said if "Python 3." in line]

    it.make = make
    return it


def names(of: room.Made, target: Target) -> dict[str, str]:
    return {name: file.name for name, file in of.targets[target].wheels.items()}


# What it holds ------------------------------------------------------------------------------------


def test_each_system_gets_its_wheels_and_only_those(first):
    linux, windows, mac = (set(names(first.made, t)) for t in (LINUX, WINDOWS, MAC_11))
    common = {"builder", "light", "lab", "quick", "core-c"}
    assert linux == common  # pip alone would ask this machine's markers
    assert windows == common | {"on-windows"}
    assert mac == common | {"old-python"}  # only Python 3.11 asks for it
    assert names(first.made, MAC_11)["core-c"] == f"core_c-1.5-py3-none-{small_index.MAC}.whl"


def test_versions_are_those_of_the_constraints(first):
    assert names(first.made, LINUX)["light"] == "light-1.0-py3-none-any.whl"  # 2.0 is there, too
    pins = (first.room / "constraints" / "linux-x86_64-py3.12.txt").read_text(encoding="utf-8")
    assert pins.split() == ["builder==1.0", "core-c==1.5", "lab==1.0", "light==1.0", "quick==1.0"]


def test_a_pin_without_a_wheel_gives_way_and_is_named(first):
    assert names(first.made, WINDOWS)["core-c"] == f"core_c-1.4-py3-none-{small_index.WINDOWS}.whl"
    assert first.made.targets[WINDOWS].differs == {"core-c": "1.4, not 1.5"}
    (entry,) = (
        t
        for t in json.loads((first.room / "manifest.json").read_text(encoding="utf-8"))["targets"]
        if t["platform"] == "windows-amd64"
    )
    assert entry["not_as_pinned"] == {"core-c": "1.4, not 1.5"} and entry["packages"] == 6
    assert not first.made.targets[LINUX].differs


def test_every_release_of_a_python_can_use_its_wheels(first):
    """Debian 12 has Python 3.11.2. The newer wheel lies there already, for another target."""
    assert names(first.made, LINUX)["quick"] == "quick-1.0-py3-none-any.whl"
    assert names(first.made, MAC_11)["quick"] == "quick-0.9-py3-none-any.whl"
    assert first.made.targets[MAC_11].differs == {"quick": "0.9, not 1.0"}


def test_what_windows_reads_has_its_line_ends_and_the_readme_names_the_systems(first):
    for name, ends in (("start.bat", b"\r\n"), ("README.txt", b"\r\n"), ("start.sh", b"\n")):
        data = (first.room / name).read_bytes()
        assert data.count(ends) == data.count(b"\n") and (b"\r" in data) == (b"\r" in ends)
        data.decode("ascii")  # whatever the code page is
    text = (first.room / "README.txt").read_text(encoding="utf-8")
    assert "  windows-amd64, Python 3.12\n  macos-arm64, Python 3.11\n" in text


def test_a_package_that_no_wheel_fits_leaves_its_target_out(again, index, tmp_path):
    course = small_index.course(tmp_path / "course")
    text = small_index.PYPROJECT.replace("lab[fast]>=1", "tensorflow")
    (course / "pyproject.toml").write_text(text, encoding="utf-8")
    small_index.wheel(index, "tensorflow", tag=f"py3-none-{small_index.LINUX}")
    again.make(LINUX, WINDOWS, course=course)
    assert list(again.made.targets) == [LINUX]
    assert again.made.without[WINDOWS] == (
        "windows-amd64, Python 3.12: the index has no wheel of tensorflow; take another Python, or "
        "WSL with the wheels of linux-x86_64."
    )
    with pytest.raises(CourseError, match="no wheel of tensorflow; take another Python"):
        again.make(WINDOWS, course=course)


def test_versions_that_do_not_go_together_are_refused(first, index, tmp_path):
    small_index.wheel(tmp_path, "picky", needs=("light>=2",))
    small_index.wheel(tmp_path, "light")
    with pytest.raises(CourseError, match=r"picky needs light>=2, but 1\.0 is what there is"):
        wheels.choose(["light", "picky"], LINUX, wheels.pins("light==1.0", LINUX), tmp_path, None)


def test_a_room_is_for_what_the_course_runs_on():
    assert len(targets(PLATFORMS, PYTHONS)) == 9
    described = tomllib.loads((paths.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    supported = SpecifierSet(described["project"]["requires-python"])
    assert list(PYTHONS) == list(supported.filter(f"3.{minor}" for minor in range(30)))
    with pytest.raises(CourseError, match="Unknown platform 'amiga': choose from linux-x86_64"):
        targets(["amiga"], ["3.12"])
    with pytest.raises(CourseError, match=r"3\.11, 3\.12, 3\.13, not '3\.9'"):
        targets(["linux-x86_64"], ["3.9"])


def test_without_a_choice_it_is_for_everything_that_the_course_runs_on(tmp_path, monkeypatch):
    """Whoever makes the stick does not know what others have on their laptops."""
    asked = []

    def make(project, at, targets, tell):
        asked.extend(targets)
        return room.Made()

    monkeypatch.setattr(room, "make", make)
    assert CliRunner().invoke(app, ["offline-room", str(tmp_path)]).exit_code == 0
    assert asked == targets(PLATFORMS, PYTHONS)
    asked.clear()
    CliRunner().invoke(app, ["offline-room", str(tmp_path), "--python", "3.12"])
    assert asked == targets(PLATFORMS, ["3.12"])


def test_its_size_is_said_before_anything_is_fetched(first):
    size, *later = first.said
    assert size.endswith(
        "room: 3 pairs of system and Python, up to 0.0 GB; up to 0.0 GB are still to be fetched"
    )
    assert not any("GB" in line for line in later)
    assert folder._sizes(first.room, [LINUX, LINUX], {}) == (1.6e9, 1.6e9)
    known = folder._known(first.room)
    whole, missing = folder._sizes(first.room, [LINUX], known)
    assert whole == 8e8 and 0 < missing < whole


# Going on -----------------------------------------------------------------------------------------


def test_what_is_there_and_whole_is_not_fetched_again(again):
    before = {file.name for file in (again.room / "wheels").iterdir()}
    assert again.make() == []
    assert {file.name for file in (again.room / "wheels").iterdir()} == before


def test_what_is_damaged_missing_or_half_there_is_fetched_again(again):
    shelf = again.room / "wheels"
    (shelf / "quick-1.0-py3-none-any.whl").unlink()
    (shelf / "light-1.0-py3-none-any.whl").write_bytes(b"half")
    small_index.wheel(shelf, "lab", "1.0", needs=("quick",))  # another one than the index's
    (shelf / ".fetching-killed").mkdir()
    assert sorted(again.make()) == ["lab==1.0", "light==1.0", "quick==1.0"]
    assert room.verify(again.room) == [] and not (shelf / ".fetching-killed").exists()


def test_a_stop_before_the_first_wheel_leaves_a_room(again, first, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fetching, "clear", lambda shelf: (_ for _ in ()).throw(KeyboardInterrupt))
        room.make(first.course, tmp_path / "new", [LINUX], lambda line: None)
    assert (tmp_path / "new" / "wheels").is_dir()
    room.make(first.course, tmp_path / "new", [LINUX], lambda line: None)
    assert room.verify(tmp_path / "new") == []


def test_a_stop_on_the_way_keeps_what_was_fetched(first, index, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "SIZES", dict.fromkeys(PLATFORMS, 1e6))
    fetch, fetched = small_index.fetcher(index), []
    monkeypatch.setattr(fetching, "fetch", fetch)

    def three(requirement, *where):
        if len(fetched) == 3:
            raise KeyboardInterrupt
        fetched.append(requirement)
        return fetch(requirement, *where)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fetching, "fetch", three)
        room.make(first.course, tmp_path, [LINUX], lambda line: None)
    with pytest.raises(CourseError, match="is not finished: run tlhelpers offline-room"):
        room.verify(tmp_path)
    said: list[str] = []
    room.make(first.course, tmp_path, [LINUX], said.append)
    later = [line.split(": ")[1] for line in said if "Python 3." in line]
    assert later and not set(later) & set(fetched)


def test_what_is_not_wanted_any_more_goes_and_what_is_somebody_elses_stays(again):
    (again.room / "installers").mkdir()
    (again.room / "installers" / "python.exe").write_bytes(b"")
    again.make(LINUX)
    assert {f.name for f in (again.room / "constraints").iterdir()} == {"linux-x86_64-py3.12.txt"}
    left = {file.name.split("-")[0] for file in (again.room / "wheels").iterdir()}
    assert left == {"builder", "light", "lab", "quick", "core_c"}
    assert (again.room / "installers" / "python.exe").exists()
    assert room.verify(again.room) == []


# Damage -------------------------------------------------------------------------------------------


def test_verify_finds_a_changed_byte_and_a_file_that_is_gone(again):
    assert room.verify(again.room) == []
    wheel = again.room / "wheels" / "lab-1.0-py3-none-any.whl"
    data = bytearray(wheel.read_bytes())
    data[len(data) // 2] ^= 1
    wheel.write_bytes(data)
    (again.room / "course" / "pyproject.toml").unlink()
    wrong = ["course/pyproject.toml: missing", "wheels/lab-1.0-py3-none-any.whl: damaged"]
    assert room.verify(again.room) == wrong
    done = CliRunner().invoke(app, ["offline-room", str(again.room), "--verify"])
    assert done.exit_code == 1 and done.output.splitlines() == wrong
    stick = [sys.executable, str(again.room / "start.py"), "--verify"]
    done = subprocess.run(stick, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 1 and done.stdout.splitlines()[1:] == wrong


@pytest.mark.parametrize("manifest", ["{", "[]", '{"files": {"start.py": {}}}', '{"files": []}'])
def test_a_damaged_manifest_is_damage(again, manifest):
    (again.room / "manifest.json").write_text(manifest, encoding="utf-8")
    assert start.damaged(again.room) == ["manifest.json: damaged"]


# What stops it ------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_made(first, tmp_path, monkeypatch):
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda at: SimpleNamespace(free=2e8))
    with pytest.raises(CourseError, match=r"has 0\.2 GB free, and the room may need 2\.0 GB"):
        room.make(first.course, tmp_path / "new", [LINUX, WINDOWS])
    assert not (tmp_path / "new").exists()


def test_what_is_there_needs_no_room_twice(again, monkeypatch):
    """A stick that the room fills is not too small for it."""
    monkeypatch.setattr(folder, "SIZES", dict.fromkeys(PLATFORMS, 100))
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda at: SimpleNamespace(free=5))
    assert again.make() == []


@pytest.mark.parametrize("name", ["course", "thesis.tex", "manifest.json"])
def test_a_folder_of_somebody_else_is_left_alone(first, tmp_path, name):
    """Whatever is in it; also the folder that one is in, or that of a clone."""
    (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(CourseError, match="has other files in it, and no whole manifest.json"):
        room.make(first.course, tmp_path, [LINUX])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(CourseError, match=f"{tmp_path / 'no'} is a file: choose a folder"):
        (tmp_path / "no").touch()
        room.make(first.course, tmp_path / "no", [LINUX])


def test_only_a_room_is_verified(again, tmp_path):
    with pytest.raises(CourseError, match=r"has no manifest\.json"):
        room.verify(tmp_path)
    (again.room / "manifest.json").write_text("{", encoding="utf-8")
    assert room.verify(again.room) == ["manifest.json: damaged"]


def test_without_a_connection_there_is_one_line(tmp_path, monkeypatch):
    """A port that nobody listens on, as an index."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/simple")
        with pytest.raises(CourseError) as problem:
            fetching.fetch("light==1.0", LINUX, tmp_path)
    assert str(problem.value).startswith("No connection to the package index, at light==1.0.")
    assert not list(tmp_path.iterdir())


# pip ----------------------------------------------------------------------------------------------


def test_pip_brings_the_wheel_of_another_system(index, tmp_path, pip_from):
    pip_from(index)
    file = fetching.fetch("core-c>=1", WINDOWS, tmp_path)
    assert list(tmp_path.iterdir()) == [file]
    assert file.name == f"core_c-1.4-py3-none-{small_index.WINDOWS}.whl"
    with pytest.raises(fetching.NoWheel):
        fetching.fetch("core-c==1.5", WINDOWS, tmp_path)
    assert list(tmp_path.iterdir()) == [file]


def test_a_source_is_built_once_and_fits_everywhere(tmp_path, pip_from, monkeypatch):
    monkeypatch.setattr(fetching, "SOURCE_ONLY", ("data",))
    source = tmp_path / "index" / "data-1.0"
    source.mkdir(parents=True)
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: data\nVersion: 1.0\n", "utf-8")
    (source / "pyproject.toml").write_text(small_index.DATA_PROJECT, "utf-8")
    (source / "backend.py").write_text(small_index.DATA_BACKEND, "utf-8")
    shutil.make_archive(str(source), "gztar", source.parent, "data-1.0")
    pip_from(tmp_path / "index")
    (tmp_path / "shelf").mkdir()
    file = fetching.fetch("data==1.0", WINDOWS, tmp_path / "shelf")
    assert file.name == "data-1.0-py3-none-any.whl"
    assert list((tmp_path / "shelf").iterdir()) == [file]


# The course's files -------------------------------------------------------------------------------


def test_the_files_are_the_same_with_git_and_without(first, tmp_path):
    course = small_index.course(tmp_path / "course")
    for made in ("build/out.txt", "tlhelpers/__pycache__/a.pyc", "notebooks/x.1234.partial"):
        (course / made).parent.mkdir(exist_ok=True)
        (course / made).write_bytes(b"")
    without = copying.files(course)
    assert without == copying.files(first.course)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", course, *command], check=True)
    (course / "notebooks" / "mine.ipynb").write_bytes(b"")
    assert copying.files(course) == without
    (course / "constraints.txt").unlink()
    with pytest.raises(CourseError, match="git checkout constraints.txt` brings it back"):
        copying.files(course)


def test_this_course_is_found_the_same_way(tmp_path):
    """.gitignore names everything that commands make."""
    tracked = copying._tracked(paths.PROJECT)
    if tracked is None:
        pytest.skip("not a clone")
    for file in tracked:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")
    shutil.copyfile(paths.PROJECT / ".gitignore", tmp_path / ".gitignore")
    for made in (".venv/bin/python", "build/a", "data/b", ".ruff_cache/c", "x.egg-info/PKG-INFO"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).write_bytes(b"")
    assert copying.files(tmp_path) == sorted(tracked)


# The start script ---------------------------------------------------------------------------------


@pytest.fixture
def here(again, monkeypatch):
    """A room for this machine, whatever it is."""
    if start.this_computer() not in PLATFORMS:
        pytest.skip(f"no room is made for {start.this_computer()}")
    again.make(Target(PLATFORMS[start.this_computer()], THIS))
    return again.room


@pytest.mark.slow
def test_it_installs_with_no_index_and_checks_the_setup(here, tmp_path):
    """Twice: the second time nothing is installed, and what somebody changed stays."""
    target = tmp_path / "a home" / "course"
    command = [sys.executable, str(here / "start.py"), "--folder", str(target), "--no-lab"]
    if os.name == "posix":
        command[:2] = ["sh", str(here / "start.sh")]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    nowhere = {**kept, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "/no"}
    nowhere |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "setup is fine, light 1.0 ['setup-check']" in done.stdout
    assert "Retrying" not in done.stdout + done.stderr  # nobody was asked for anything
    # As a kill in the middle leaves it: pip alone would take the package for installed.
    (target / ".venv" / start.INSTALLED).unlink()
    (light,) = (target / ".venv").rglob("light.py")
    (light.parent / "light-1.0.dist-info" / "RECORD").unlink()
    light.unlink()
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere, encoding="utf-8")
    assert "Going on with" in done.stdout and "Making" not in done.stdout
    assert "setup is fine, light 1.0 ['setup-check']" in done.stdout, done.stdout + done.stderr
    (target / "notebooks" / "00_start.ipynb").write_text("mine", encoding="utf-8")
    shutil.rmtree(here / "wheels")
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere, encoding="utf-8")
    assert done.returncode == 0 and "Installing" not in done.stdout, done.stdout + done.stderr
    assert (target / "notebooks" / "00_start.ipynb").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def pretended(monkeypatch, tmp_path):
    """venv and pip are not run: what they would give is given; the words of each command."""
    ran, failing = [], []

    def run(command, **options):
        ran.append(command)
        said = f"{THIS}\n{tmp_path / 'packages'}\n".encode()
        return SimpleNamespace(returncode=int(any(w in command for w in failing)), stdout=said)

    monkeypatch.setattr(start.subprocess, "run", run)
    return ran, failing


def installed(folder, name, *gone, record=True):
    """A package of two files as pip leaves it, or without some of them."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    for file in (f"{name}.py", f"{info.name}/METADATA"):
        if file not in gone:
            (folder / file).write_text("12345", encoding="utf-8")
    lines = f"{name}.py,sha256=x,5\n{info.name}/METADATA,sha256=x,5\n__pycache__/{name}.pyc,,\n"
    if record:
        (info / "RECORD").write_text(lines + f"{info.name}/RECORD,,\n", encoding="utf-8")
    return info


def test_packages_that_are_not_whole_are_found(tmp_path):
    installed(tmp_path, "whole")
    gone = installed(tmp_path, "gone", "gone.py")
    no_list = installed(tmp_path, "no_list", record=False)
    short = installed(tmp_path, "short")
    (tmp_path / "short.py").write_text("123", encoding="utf-8")
    empty = installed(tmp_path, "empty")
    (empty / "RECORD").write_text("", encoding="utf-8")
    found = {"gone": gone, "no_list": no_list, "short": short, "empty": empty}
    assert start.half_there(tmp_path) == found


def test_an_installation_that_was_stopped_is_gone_on_with(here, tmp_path, pretended, capsys):
    ran, failing = pretended
    course = tmp_path / "course"
    failing.append("install")
    with pytest.raises(start.Stop):
        start.install(here, course, [sys.executable])
    whole, half = (installed(tmp_path / "packages", n, record=n == "whole") for n in ("whole", "b"))
    failing.clear()
    ran.clear()
    start.install(here, course, [sys.executable])
    assert not any("venv" in command for command in ran) and "Going on" in capsys.readouterr().out
    assert whole.exists() and not half.exists()  # pip, which is not run here, makes it anew
    ran.clear()
    start.install(here, course, [sys.executable])
    assert ran == []


@pytest.mark.parametrize("stopped_in", ["venv", "another stick"])
def test_what_cannot_be_gone_on_with_is_begun_again_and_said(
    here, tmp_path, pretended, capsys, stopped_in
):
    ran, failing = pretended
    failing.append("venv" if stopped_in == "venv" else "install")
    with pytest.raises(start.Stop):
        start.install(here, tmp_path / "course", [sys.executable])
    if stopped_in == "another stick":
        with start.pins(here, THIS).open("a", encoding="utf-8") as file:
            file.write("newer==1\n")
    failing.clear()
    ran.clear()
    start.install(here, tmp_path / "course", [sys.executable])
    assert any("venv" in command for command in ran)
    assert "from the beginning again" in capsys.readouterr().out


def test_an_environment_of_somebody_elses_is_left_alone(here, tmp_path, pretended):
    """Such as that of a clone in the same place."""
    (tmp_path / "course" / ".venv").mkdir(parents=True)
    with pytest.raises(
        start.Stop, match="is not from a stick: delete it, or choose another folder"
    ):
        start.install(here, tmp_path / "course", [sys.executable])
    assert pretended[0] == []


@pytest.mark.parametrize("step", ["damaged", "python_for", "copy_course", "install", "check_setup"])
def test_ctrl_c_is_one_line(tmp_path, monkeypatch, capsys, step):
    def stop(*_):
        raise KeyboardInterrupt

    for name in ("python_for", "copy_course", "install", "check_setup"):
        monkeypatch.setattr(start, name, lambda *_: None)
    monkeypatch.setattr(start, step, stop)
    options = ["--folder", str(tmp_path)] + ["--verify"] * (step == "damaged")
    assert start.main(options) == 130
    assert (
        capsys.readouterr().err.strip()
        == "start: stopped. Start again to go on: what is there stays."
    )


@pytest.mark.parametrize("whole", [True, False])
def test_a_failed_installation_looks_for_a_damaged_file(here, tmp_path, pretended, whole):
    pretended[1].append("install")
    if not whole:
        (here / "wheels" / "light-1.0-py3-none-any.whl").write_bytes(b"half")
    with pytest.raises(start.Stop) as problem:
        start.install(here, tmp_path / "course", [sys.executable])
    damage = "The stick is damaged: wheels/light-1.0-py3-none-any.whl: damaged"
    assert (str(problem.value) == damage) == (not whole)
    assert not (tmp_path / "course" / ".venv" / start.INSTALLED).exists()


def stick(at, *names):
    (at / "constraints").mkdir()
    for name in names:
        (at / "constraints" / f"{name}.txt").write_bytes(b"")
    return at


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Windows", "AMD64", "windows-amd64"),
        ("Darwin", "arm64", "macos-arm64"),
        ("Linux", "x86_64", "linux-x86_64"),
    ],
)
def test_a_computer_is_named_as_its_room_is(monkeypatch, system, machine, name):
    monkeypatch.setattr(start.platform, "system", lambda: system)
    monkeypatch.setattr(start.platform, "machine", lambda: machine)
    assert start.this_computer() == name and name in PLATFORMS


def test_a_computer_that_the_stick_has_nothing_for(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "this_computer", lambda: "macos-x86_64")
    with pytest.raises(start.Stop, match="nothing for macos-x86_64, only for linux-x86_64"):
        start.python_for(stick(tmp_path, "linux-x86_64-py3.12"))


def test_the_python_that_fits_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "this_computer", lambda: "windows-amd64")
    found = stick(tmp_path, f"windows-amd64-py{THIS}", "windows-amd64-py3.99")
    assert start.python_for(found) == [sys.executable]
    (found / "constraints" / f"windows-amd64-py{THIS}.txt").unlink()
    with pytest.raises(start.Stop, match=rf"has Python {THIS}; the stick needs 3\.99"):
        start.python_for(found)
    monkeypatch.setattr(start.shutil, "which", lambda name: name == "py")
    monkeypatch.setattr(start, "answers", lambda command, python: python == "3.99")
    assert start.python_for(found) == ["py", "-3.99"]


def test_a_command_of_that_name_must_be_that_python():
    assert start.answers([sys.executable], THIS)
    assert not start.answers([sys.executable], "3.99")
    assert not start.answers(["no-such-command"], THIS)


def test_a_folder_with_something_else_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_bytes(b"")
    with pytest.raises(start.Stop, match="is not empty: choose another folder with --folder"):
        start.copy_course(tmp_path, tmp_path)


def test_the_start_script_needs_nothing_new():
    """It is read by whatever Python a computer has, before it can say which one it wants."""
    import ast
    from pathlib import Path

    code = Path(start.__file__).read_text(encoding="utf-8")
    tree = ast.parse(code, feature_version=(3, 8))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
    assert code.isascii()


# The real one -------------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_course_itself_runs_from_a_room(tmp_path):
    """A gigabyte for this machine; then a page of it, with the index off."""
    here = ["--platform", start.this_computer(), "--python", THIS]
    done = CliRunner().invoke(app, ["offline-room", str(tmp_path / "room"), *here])
    assert done.exit_code == 0, done.output
    command = [sys.executable, tmp_path / "room" / "start.py", "--folder", tmp_path / "c"]
    assert subprocess.run([*command, "--no-lab"], check=False).returncode == 0
    python = next((tmp_path / "c" / ".venv").glob("[bS]*/python*"))
    page = [python, "-m", "tlhelpers", "run", "0", "--profile", "smoke"]
    assert subprocess.run(page, cwd=tmp_path / "c", env=start.environment()).returncode == 0
