"""Puts the course from this stick onto a computer, and opens it. Needs Python and no internet.

    python start.py                 into the folder steady-fine-tuning of your home folder
    python start.py --folder DIR    into another folder
    python start.py --verify        only look whether every file of this stick is whole

It stands on the stick and is read by whatever Python is there: standard library only, no words
that only new versions know, plain ASCII in what it prints.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

STICK = Path(__file__).resolve().parent
NEEDED = 3e9  # bytes that the installed course takes
LONGEST = 60  # letters of a folder: Windows allows 260 in all, and TensorFlow's files take 190
BEGUN = "begun-from-stick"  # in the virtual environment: what it is to have, once it is made
INSTALLED = "installed-from-stick"  # there, once all is in it


class Stop(Exception):
    """What is wrong and what to do, in one line."""


def damaged(stick, told=None):
    """What is wrong with the files that the manifest lists, a line each; nothing is changed.

    `told` is called with the bytes read so far and in all.
    """
    try:
        listed = json.loads((stick / "manifest.json").read_text(encoding="utf-8"))["files"]
        total = sum(entry["bytes"] for entry in listed.values())
    except FileNotFoundError:
        return ["manifest.json: missing"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ["manifest.json: damaged"]
    found, done = [], 0
    for name, entry in sorted(listed.items()):
        try:
            wrong = None if sha256(stick / name) == entry["sha256"] else "damaged"
        except FileNotFoundError:
            wrong = "missing"
        except OSError as problem:
            wrong = f"cannot be read ({problem.strerror or problem})"
        if wrong:
            found.append(f"{name}: {wrong}")
        done += entry["bytes"]
        if told:
            told(done, total)
    return found


def sha256(file):
    """The SHA-256 sum of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def this_computer():
    """The name of this system, as in the names of the files in constraints/."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system())
    return f"{system}-{platform.machine()}".lower()


def on_stick(stick):
    """The Pythons that there are wheels for, by system: {"linux-x86_64": ["3.12"]}."""
    found = {}
    for file in sorted((stick / "constraints").glob("*-py*.txt")):
        system, python = file.stem.rsplit("-py", 1)
        found.setdefault(system, []).append(python)
    return found


def python_for(stick):
    """The command of a Python on this computer that the stick has wheels for."""
    here, there = this_computer(), on_stick(stick)
    if here not in there:
        others = " and ".join(there) or "none"
        raise Stop(f"This stick has nothing for {here}, only for {others}.")
    if "{}.{}".format(*sys.version_info[:2]) in there[here]:
        return [sys.executable]
    for python in reversed(there[here]):
        for command in (["python" + python], ["py", "-" + python]):
            if shutil.which(command[0]) and answers(command, python):
                return command
    raise Stop(
        "This computer has Python {}.{}; the stick needs {}: install it, or look whether it lies "
        "on the stick.".format(*sys.version_info[:2], " or ".join(there[here]))
    )


def answers(command, python):
    """Whether a command is this Python; it may be there and say something else."""
    code = "import sys; print('{}.{}'.format(*sys.version_info[:2]))"
    try:
        done = subprocess.run(command + ["-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.split() == [python.encode()]


def copy_course(stick, folder):
    """The course beside what is there; what somebody has worked on stays as it is."""
    there = folder / "pyproject.toml"
    if there.exists() and (folder / "notebooks").is_dir():
        return
    if folder.exists() and any(folder.iterdir()):
        raise Stop(f"{folder} is not empty: choose another folder with --folder.")
    around = folder.resolve()
    while not around.exists():
        around = around.parent
    if shutil.disk_usage(str(around)).free < NEEDED:
        raise Stop(f"{around} has too little room: {NEEDED / 1e9:.0f} GB are needed.")
    if os.name == "nt" and len(str(folder.resolve())) > LONGEST:
        raise Stop(f"{folder} is too long a name for Windows: try --folder C:\\course")
    print(f"Copying the course to {folder}", flush=True)
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(str(half), ignore_errors=True)
    shutil.copytree(str(stick / "course"), str(half))
    if folder.exists():
        folder.rmdir()
    half.replace(folder)


def environment():
    """Nothing of this computer's settings of Python and pip: they may name an index."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))
    }
    return dict(
        kept,
        PIP_CONFIG_FILE=os.devnull,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PYTHONUTF8="1",
    )


def half_there(packages):
    """The packages of a folder that are not whole: {name: its folder .dist-info}.

    An installation that is stopped leaves them, and pip takes them for installed.
    """
    found = {}
    for info in sorted(packages.glob("*.dist-info")):
        try:
            with (info / "RECORD").open(encoding="utf-8", newline="") as listed:
                rows = [row for row in csv.reader(listed) if not row[0].endswith(".pyc")]
            whole = bool(rows) and all(
                size in ("", str((packages / name).stat().st_size)) for name, _, size in rows
            )
        except (OSError, ValueError, LookupError, csv.Error):  # a file is gone, or a bad list
            whole = False
        if not whole:
            found[info.name.split("-")[0]] = info
    return found


def about(python):
    """Version of an environment's Python, and its folder of packages; None if it says nothing."""
    code = "import sys, sysconfig; print('{}.{}'.format(*sys.version_info[:2]))"
    code += "; print(sysconfig.get_path('purelib'))"
    command = [str(python), "-c", code]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, env=environment(), check=False)
    except OSError:
        return None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return (lines[0], Path(lines[1])) if done.returncode == 0 and len(lines) == 2 else None


def pins(stick, version):
    """The file of the stick with the versions for this system and a Python."""
    return stick / "constraints" / f"{this_computer()}-py{version}.txt"


def goes_on(stick, venv, python):
    """Whether an installation that was stopped is gone on with; what is half there is forgotten.

    That is safe where the environment itself was made to its end, and for what this stick has.
    """
    told = about(python)
    if told is None:
        return False
    version, packages = told
    try:
        same = (venv / BEGUN).read_bytes() == pins(stick, version).read_bytes()
    except OSError:
        same = False
    if same:
        for info in half_there(packages).values():
            shutil.rmtree(str(info))  # pip then puts all of its files there once more
    return same


def install(stick, folder, command):
    """A virtual environment in the course's folder, with everything from the stick."""
    venv = folder / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (venv / INSTALLED).exists():
        return python
    there = venv.exists()
    if there and not (venv / BEGUN).exists():
        raise Stop(
            f"{venv} is not from a stick: delete it, or choose another folder with --folder."
        )
    if there and goes_on(stick, venv, python):
        print(f"Going on with {venv}, which was stopped half-way", flush=True)
    else:
        print(f"Making {venv}{', from the beginning again' if there else ''}", flush=True)
        if there:
            shutil.rmtree(str(venv))
        venv.mkdir(parents=True)
        (venv / BEGUN).touch()  # empty: what is stopped before its end is made again
        if subprocess.run(command + ["-m", "venv", str(venv)], check=False).returncode:
            raise Stop(
                f"Python could not make {venv}. On Debian and Ubuntu the package python3-venv must "
                "be installed."
            )
    told = about(python)
    if told is None:
        raise Stop(f"{python} does not answer: delete {venv}, and start again.")
    pinned = pins(stick, told[0])
    shutil.copyfile(str(pinned), str(venv / BEGUN))
    print("Installing from the stick: 2 to 10 minutes", flush=True)
    pip = [str(python), "-m", "pip", "install", "--no-index"]
    pip += ["--find-links", str(stick / "wheels"), "-c", str(pinned)]
    done = subprocess.run(pip + ["-e", f"{folder}[course]"], env=environment(), check=False)
    if done.returncode:
        print("That failed. Looking whether the stick is whole ...", flush=True)
        wrong = damaged(stick)
        raise Stop(
            "The stick is damaged: " + "; ".join(wrong[:5])
            if wrong
            else "Every file of the stick is whole; pip's last lines above say what it was."
        )
    (venv / INSTALLED).write_text(pinned.name, encoding="utf-8")
    return python


def check_setup(python, folder):
    """The course's own look at the machine, where it has one; it stops nothing."""
    command = [str(python), "-m", "tlhelpers", "setup-check"]
    known = subprocess.run(
        command + ["--help"],
        cwd=str(folder),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if known.returncode == 0:
        subprocess.run(command, cwd=str(folder), env=environment(), check=False)


def main(arguments=None):
    """Its exit code: 0 if all went well, 1 if the stick is damaged, 130 after Ctrl-C, else 2."""
    try:
        return begin(arguments)
    except KeyboardInterrupt:
        print("\nstart: stopped. Start again to go on: what is there stays.", file=sys.stderr)
        return 130


def begin(arguments):
    """What the command does; Ctrl-C ends it, but is the usual end of JupyterLab."""
    home = Path.home() / "steady-fine-tuning"
    parser = argparse.ArgumentParser(description="The course from this stick, without internet.")
    parser.add_argument("--folder", type=Path, default=home, help="where it goes [%(default)s]")
    parser.add_argument("--verify", action="store_true", help="only look at the stick's files")
    parser.add_argument("--no-lab", action="store_true", help="do not open JupyterLab")
    options = parser.parse_args(arguments)
    if options.verify:
        print("Reading every file of the stick: a minute or two", flush=True)
        wrong = damaged(STICK)
        print("\n".join(wrong) if wrong else "Every file is whole.")
        return 1 if wrong else 0
    try:
        folder = options.folder.resolve()
        command = python_for(STICK)
        copy_course(STICK, folder)
        python = install(STICK, folder, command)
    except Stop as problem:
        print(f"start: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        what = "start: {}: {}".format(problem.filename or "stopped", problem.strerror or problem)
        print(what, file=sys.stderr)
        return 2
    check_setup(python, folder)
    again = [str(python), "-m", "jupyter", "lab", str(folder / "notebooks")]
    print(f"\nThe course is in {folder}. From now on it needs no stick:")
    print(f'  "{again[0]}" -m jupyter lab "{again[-1]}"', flush=True)
    if options.no_lab:
        return 0
    try:
        return subprocess.run(again, cwd=str(folder), check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
