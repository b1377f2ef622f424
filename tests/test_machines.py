"""What can be seen of other systems from here: calls they lack, encodings, names of files."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
import yaml

from tests import machines
from tlhelpers.core import console, machine

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("tlhelpers", "tests", "benchmarks", "data_scripts", "notebooks/src")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))

# Calls that only one system knows -----------------------------------------------------------------

# Here they are guarded.
GUARDED = ("tlhelpers/core/machine.py", "tlhelpers/core/memory.py", "tests/machines.py")
EXAMPLES = "tests/test_machines.py"
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "crypt"}
NAMES = {
    "os": r"fork|forkpty|killpg|get[eg]?[eug]id|set\w*id|getpgid|getpgrp|nice|sched_\w+|uname"
    r"|sysconf|mkfifo|mknod|l?chown|fchmod|getloadavg|wait\w*|statvfs|openpty|posix_\w+|rename",
    "signal": r"SIG(KILL|ALRM|HUP|USR1|USR2|CHLD|STOP|CONT|QUIT|PIPE)|alarm|setitimer|pause"
    r"|sigwait",
    "time": "tzset",
    "ctypes": "CDLL|windll",
    "select": "poll|epoll|kqueue|select",
}
METHODS = {"symlink_to", "hardlink_to", "add_signal_handler"}
KEYWORDS = {"preexec_fn", "pass_fds"}
PLACES = re.compile(r"/(proc|dev|tmp|sys)(/|$)")


def one_system_only(code: str) -> list[str]:
    """What a piece of code uses that other systems lack, with its lines."""
    found = []
    for node in ast.walk(ast.parse(code)):
        name = None
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            name = next((each for each in names if each in MODULES), None)
            if isinstance(node, ast.ImportFrom) and node.module in NAMES:
                its = [a.name for a in node.names if re.fullmatch(NAMES[node.module], a.name)]
                name = its[0] if its else name
        elif isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else None
            if node.attr in METHODS or (of in NAMES and re.fullmatch(NAMES[of], node.attr)):
                name = node.attr
        elif isinstance(node, ast.keyword) and node.arg in KEYWORDS:
            # A function of tests/machines.py gives None where there is nothing to do.
            name = None if "machines." in ast.unparse(node.value) else node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value if PLACES.match(node.value) else None
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_context"):
            name = "fork" if "'fork'" in ast.unparse(node) else None
        if name:
            found.append(f"line {node.lineno if hasattr(node, 'lineno') else '?'}: {name}")
    return found


def test_what_only_one_system_knows_stands_in_one_place():
    found = [
        f"{name}, {what}"
        for file in FILES
        if (name := file.relative_to(ROOT).as_posix()) not in (*GUARDED, EXAMPLES)
        for what in one_system_only(file.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "import fcntl",
        "from resource import setrlimit",
        "os.kill(1, signal.SIGKILL)",
        "from os import fork",
        "os.geteuid() == 0",
        "os.rename(a, b)",  # Windows refuses where there is a file: os.replace
        "link.symlink_to(a)",
        "run(preexec_fn=f)",
        "Path('/tmp/x')",
        "get_context('fork')",
        "ctypes.CDLL(None)",
    ],
)
def test_such_a_call_would_be_found(code):
    assert one_system_only(code)


@pytest.mark.parametrize(
    "code", ["os.kill(1, machines.KILL)", "os.replace(a, b)", "Path('tmp', 'x')", "os.getpid()"]
)
def test_other_calls_are_let_be(code):
    assert not one_system_only(code)


# Encodings ----------------------------------------------------------------------------------------

TEXT_MODE = re.compile("[rwaxt+]+")
OTHER_OPENS = {"os", "Image", "tarfile", "zipfile", "self"}  # not files of text


def without_encoding(code: str) -> list[ast.Call]:
    """Calls that read or write text in whatever encoding the system has."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or "encoding" in {k.arg for k in node.keywords}:
            continue
        mode = {k.arg: k.value for k in node.keywords}.get("mode")
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            mode = mode or (node.args[1] if len(node.args) > 1 else ast.Constant("r"))
            text = isinstance(mode, ast.Constant) and bool(TEXT_MODE.fullmatch(str(mode.value)))
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "open":
            of = node.func.value
            mode = mode or (node.args[0] if node.args else ast.Constant("r"))
            text = not (isinstance(of, ast.Name) and of.id in OTHER_OPENS)
            text &= isinstance(mode, ast.Constant) and bool(TEXT_MODE.fullmatch(str(mode.value)))
        elif isinstance(node.func, ast.Attribute):
            allowed = {"read_text": 0, "write_text": 1}.get(node.func.attr)
            text = allowed is not None and len(node.args) <= allowed
        else:
            continue
        if text:
            found.append(node)
    return found


def test_text_is_utf_8_on_every_system():
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:60]}"
        for file in FILES
        for node in without_encoding(file.read_text(encoding="utf-8"))
    ]
    assert not found, "say encoding='utf-8'"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(a)", 1),
        ("open(a, 'w')", 1),
        ("open(a, mode='a')", 1),
        ("a.open()", 1),
        ("a.read_text()", 1),
        ("a.write_text('x')", 1),
        ("open(a, 'rb')", 0),
        ("a.open('xb')", 0),
        ("a.open('w', encoding='utf-8')", 0),
        ("a.read_text('utf-8')", 0),
        ("a.write_text('x', encoding='utf-8')", 0),
        ("Image.open(a)", 0),
    ],
)
def test_text_without_an_encoding_would_be_found(code, found):
    assert len(without_encoding(code)) == found


LACKING = {"cp1252": "−→✓", "cp437": "–…×✓", "cp850": "–…→"}


@pytest.mark.parametrize("encoding", LACKING)
def test_what_an_encoding_lacks_is_printed_in_plain_letters(encoding):
    letters = LACKING[encoding]
    code = (
        "from tlhelpers.core.console import plain_where_needed\n"
        f"plain_where_needed(); print('é', {letters!r}, '\\u2603')"
    )
    shown = printed("-c", code, encoding=encoding)
    assert shown.decode(encoding).split() == [
        "é",
        "".join(console._PLAIN[each] for each in letters),
        "?",
    ]


def printed(*arguments: str, encoding: str, cwd: Path = ROOT) -> bytes:
    """What Python prints where output has this encoding, as on Windows in a pipe."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONUTF8", None)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr.decode(encoding, "replace")
    return done.stdout


@pytest.mark.parametrize("command", [["--help"], ["fixes"], ["findings", "--case", "ferplus"]])
def test_commands_print_on_a_windows_console(command):
    """The table of findings has minus signs, which cp1252 lacks."""
    words = printed("-m", "tlhelpers", *command, encoding="cp1252").decode("cp1252")
    assert words and "?" not in re.sub(r"[\w)'\"]\?", "", words)


SCRIPT = """
import numpy as np, keras
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = np.zeros((8, 2)); y = np.zeros((8, 1))
model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0)
print("done")
"""


@pytest.mark.slow
def test_the_doctor_reports_on_a_windows_console(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    words = printed("-m", "tlhelpers.doctor", "train.py", encoding="cp1252", cwd=tmp_path)
    assert words.decode("cp1252").startswith("done")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "</html>" in report and json.loads((tmp_path / "report.json").read_bytes())


# The machine --------------------------------------------------------------------------------------


def test_memory_where_there_is_no_sysconf(monkeypatch):
    """Windows has neither `os.sysconf` nor glibc; ctypes asks it."""
    import ctypes
    from types import SimpleNamespace

    def status(at):
        at._obj.total = 8_000_000_000
        return 1

    kernel = SimpleNamespace(GlobalMemoryStatusEx=status)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert machine.memory_gb() == 8
    monkeypatch.setattr(ctypes, "windll", None)
    assert machine.memory_gb() is None


def test_cores_and_processor_where_there_is_no_linux(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert machine.cores() == 3
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(machine.platform, "processor", lambda: "Intel64 Family 6")
    assert machine._cpu() == "Intel64 Family 6"
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", str(tmp_path))  # no sysctl there
    monkeypatch.setattr(machine.platform, "machine", lambda: "arm64")
    assert machine._cpu() == "arm64"


def test_memory_of_the_c_library_is_left_alone_elsewhere(monkeypatch):
    from tlhelpers.core import memory

    for system in ("win32", "darwin"):
        monkeypatch.setattr(sys, "platform", system)
        assert memory.keep_freed() is False


# Names of files -----------------------------------------------------------------------------------

RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\..*)?", re.I)
LONGEST = 120  # of 260 that Windows allows, with the clone's own folder before it


def illegal(names: list[str]) -> list[str]:
    """What Windows, or a disk that knows no capitals, cannot hold of these paths."""
    found = []
    for name in names:
        for part in PurePosixPath(name).parts:
            if re.search(r'[<>:"|?*\\\x00-\x1f]', part):
                found.append(f"{name}: a letter that Windows forbids")
            if part[-1] in ". ":
                found.append(f"{name}: ends with a dot or a space")
            if RESERVED.fullmatch(part):
                found.append(f"{name}: a reserved name")
        if len(name) > LONGEST:
            found.append(f"{name}: too long")
    places = {str(p) for name in names for p in [PurePosixPath(name), *PurePosixPath(name).parents]}
    alike = Counter(place.casefold() for place in places)
    return found + [f"{place}: twice, but for capitals" for place, n in alike.items() if n > 1]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name.decode() for name in done.stdout.split(b"\0") if name]
    return names or pytest.skip("not a clone")


def test_tracked_files_have_names_that_windows_allows():
    assert not illegal(tracked())


@pytest.mark.parametrize(
    "names",
    [
        ["a/b:c"],
        ["a/what?.txt"],
        ["docs/aux.md"],
        ["NUL"],
        ["a./b"],
        ["a/b "],
        ["a/Readme", "a/README"],
        ["a/x", "A/y"],
        ["a/" + "b" * 120],
    ],
)
def test_such_a_name_would_be_found(names):
    assert illegal(names)


def test_git_keeps_line_ends_and_binary_files():
    wanted = {
        "README.md": ("auto", "lf"),
        "notebooks/00_start_here.ipynb": ("auto", "lf"),
        "tlhelpers/course/room/start.sh": ("auto", "lf"),
        "tlhelpers/course/room/start.bat": ("auto", "crlf"),
        "docs/jumps.png": ("unset", "unspecified"),
        "tests/data/drawn_images.npz": ("unset", "unspecified"),
        "x.whl": ("unset", "unspecified"),
        "x.gif": ("unset", "unspecified"),
        "x.woff2": ("unset", "unspecified"),
        "x.zip": ("unset", "unspecified"),
    }
    tracked()
    command = ["git", "check-attr", "-z", "text", "eol", "--", *wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    fields = done.stdout.decode().split("\0")[:-1]
    found = {fields[i]: (fields[i + 2], fields[i + 5]) for i in range(0, len(fields), 6)}
    assert {name: found[name][0] for name in wanted} == {n: text for n, (text, _) in wanted.items()}
    for name, (text, eol) in wanted.items():
        assert text == "unset" or found[name][1] == eol


# Containers ---------------------------------------------------------------------------------------


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


INSTALL = '-c constraints.txt -e ".[course]"'


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile, an instruction and its rest each."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def test_every_way_in_installs_what_the_readme_says():
    assert f"pip install {INSTALL}" in read("README.md")
    (run,) = [rest for word, rest in instructions() if word == "RUN" and "pip" in rest]
    assert re.sub(" --no-cache-dir", "", run).startswith(f"pip install {INSTALL}")
    made = json.loads(read(".devcontainer/devcontainer.json"))
    assert (ROOT / ".devcontainer" / made["build"]["dockerfile"]).samefile(ROOT / "Dockerfile")
    assert ["USER", made["remoteUser"]] in map(list, instructions())
    assert f"pip install {INSTALL}" in made["postCreateCommand"]
    assert read("binder/postBuild").splitlines()[-1] == f"pip install --no-cache-dir {INSTALL}"


def test_every_way_in_has_a_python_that_the_course_runs_on():
    supported = {"3.11", "3.12", "3.13"}
    (base,) = [rest for word, rest in instructions() if word == "FROM"]
    assert re.fullmatch(r"python:(3\.\d+)-slim-bookworm", base)[1] in supported
    assert re.fullmatch(r"python-(3\.\d+)\n", read("binder/runtime.txt"))[1] in supported


def test_the_dockerfile_copies_what_there_is_and_runs_as_nobody_special():
    words = [word for word, _ in instructions()]
    assert words[0] == "FROM" and words[-1] == "CMD" and words.count("CMD") == 1
    assert "ADD" not in words and "USER" in words
    for word, rest in instructions():
        if word == "COPY":
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            assert all((ROOT / source).exists() for source in sources)
        if word == "RUN":  # what fails in the middle must fail the build, and nothing is left over
            assert ";" not in rest and "apt-get" not in rest and "sudo" not in rest
            assert "pip" not in rest or "--no-cache-dir" in rest
        if word == "CMD":
            assert json.loads(rest)[:2] == ["jupyter", "lab"]
    user = words.index("USER")
    assert instructions()[user][1] != "root" and user < words.index("CMD")


def test_no_build_product_goes_into_an_image():
    """.dockerignore has no leading slash: its patterns begin at the uppermost folder anyway."""
    left_out = set(read(".dockerignore").split("\n")) - {""}
    for line in read(".gitignore").split():
        pattern = line.strip("/") if line.startswith("/") else f"**/{line.rstrip('/')}"
        assert pattern in left_out, line
    for needed in ("README.md", "LICENSE", "constraints.txt", "pyproject.toml", "notebooks"):
        assert needed not in left_out


def test_conda_binder_and_docs_agree():
    assert yaml.safe_load(read("environment.yml"))["dependencies"][0] == "python=3.12"
    # With a folder binder/, Binder takes nothing from the uppermost one.
    assert not (ROOT / ".binder").exists() and (ROOT / "binder").is_dir()
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK) or machines.WINDOWS
    text = read("docs/machines.md")
    for word in (
        "Linux",
        "macOS",
        "Windows",
        "WSL",
        "Docker",
        "devcontainer",
        "Binder",
        "untested",
    ):
        assert word in text
