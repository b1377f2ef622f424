"""A course of three files, and the small wheels that it needs, for a room in seconds."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

from tlhelpers.course.room import wheels
from tlhelpers.course.room.fetching import NoWheel

# Builds the package of the small course without setuptools, which a test cannot fetch.
BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tlhelpers-1.0-py3-none-any.whl"
    about = "Metadata-Version: 2.1\\nName: tlhelpers\\nVersion: 1.0\\nProvides-Extra: course\\n"
    about += "Requires-Dist: light\\nRequires-Dist: lab[fast]; extra == 'course'\\n"
    files = {
        "METADATA": about,
        "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "".join(f"tlhelpers-1.0.dist-info/{each},,\\n" for each in [*files, "RECORD"])
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("tlhelpers.pth", str(pathlib.Path.cwd()))
        for each, text in {**files, "RECORD": record + "tlhelpers.pth,,\\n"}.items():
            wheel.writestr(f"tlhelpers-1.0.dist-info/{each}", text)
    return name
"""
PYPROJECT = """
[build-system]
requires = ["builder>=1"]
build-backend = "backend"
backend-path = ["."]
[project]
name = "tlhelpers"
dependencies = ["light"]
[project.optional-dependencies]
course = ["lab[fast]>=1"]
"""
DATA_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
DATA_BACKEND = """
import pathlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder, "data-1.0-py3-none-any.whl"), "w") as wheel:
        about = "Metadata-Version: 2.1\\nName: data\\nVersion: 1.0\\n"
        wheel.writestr("data-1.0.dist-info/METADATA", about)
        tags = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("data-1.0.dist-info/WHEEL", tags)
        wheel.writestr("data-1.0.dist-info/RECORD", "")
    return "data-1.0-py3-none-any.whl"
"""
LINUX, MAC, WINDOWS = "manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    needs: tuple[str, ...] = (),
    tag: str = "py3-none-any",
    python: str = ">=3.8",
) -> Path:
    """A wheel of one module."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    about += "".join(f"Requires-Dist: {each}\n" for each in needs)
    about += f"Provides-Extra: fast\nRequires-Python: {python}\n"
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        f"{module}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": about,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return made


def index(folder: Path) -> Path:
    """What the small course needs on three systems, and what it must not take."""
    wheel(folder, "builder")
    wheel(folder, "light")
    wheel(folder, "light", "2.0")  # newer than constraints.txt says
    needs = ("quick; extra == 'fast'", "slow; extra == 'complete'", "core-c>=1")
    wheel(folder, "lab", needs=(*needs, "on-windows; sys_platform == 'win32'"))
    wheel(folder, "quick", "0.9", needs=("old-python; python_version < '3.12'",))
    wheel(folder, "quick", python=">=3.11.5")  # not for the first releases of 3.11
    wheel(folder, "on-windows")
    wheel(folder, "old-python")
    for system, version in ((LINUX, "1.5"), (MAC, "1.5"), (WINDOWS, "1.4")):
        wheel(folder, "core-c", version, tag=f"py3-none-{system}")
    return folder


def course(folder: Path) -> Path:
    """The small course; its package prints what a room's installation must find."""
    texts = {
        "pyproject.toml": PYPROJECT,
        "constraints.txt": "# pins\nbuilder==1.0\nlight==1.0\nlab==1.0\ncore-c==1.5\nquick==1.0\n",
        "backend.py": BACKEND,
        ".gitignore": "/build/\n__pycache__/\n*.partial\n",
        "notebooks/00_start.ipynb": "{}\n",
        "tlhelpers/__init__.py": "import light, lab, quick, core_c\n",
        "tlhelpers/__main__.py": (
            "import sys\nimport light\nprint('setup is fine, light', light.VERSION, sys.argv[1:])\n"
        ),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def fetcher(folder: Path):
    """What pip does with this index, without the second that it takes to start."""

    def fetch(requirement, target, shelf):
        def nothing(line):
            raise NoWheel(line)

        wanted = Requirement(requirement)
        found = wheels._wheel(wanted.name, wanted.specifier, target, folder, nothing)
        return Path(shutil.copy(found, shelf))

    return fetch
