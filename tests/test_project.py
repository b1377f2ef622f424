"""The project's own files: versions, README, licences, and what may import what."""

from __future__ import annotations

import ast
import functools
import graphlib
import inspect
import operator
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests import machines
from tests.wrapping import unwrapped

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tlhelpers"
PYTHONS = ("3.11", "3.12", "3.13")

# A wing imports from itself and from the wings below it, never from one above.
WINGS = (
    *("cli", "course", "analysis", "experiment", "training", "data"),
    *("doctor", "measures", "core"),
)
# Not even inside a function: what reads and judges recorded runs works without Keras.
KERAS_FREE = ("analysis", "data", "measures")
# Callbacks and batches are subclasses; everything else imports Keras late.
KERAS_AT_THE_TOP = {
    *("tlhelpers.core.quiet", "tlhelpers.training.trainer", "tlhelpers.training.inputs"),
    *("tlhelpers.training.averaging", "tlhelpers.training.readings"),
    *("tlhelpers.training.microscope", "tlhelpers.training.progress_bar"),
    *("tlhelpers.doctor.callback", "tlhelpers.doctor.attach"),
    *(f"tlhelpers.training.keras_facts.{name}" for name in ("small", "feeding", "batchnorm")),
    *(f"tlhelpers.training.keras_facts.{name}" for name in ("rates", "averages", "losses")),
    "tlhelpers.training.keras_facts.doctor",
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@functools.cache
def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))["project"]


# Versions -----------------------------------------------------------------------------------------


def requirements() -> dict[str, Requirement]:
    """What the course and its tests ask for, by canonical name."""
    return {canonicalize_name(r.name): r for r in asked_for(("course", "test"))}


def asked_for(extras) -> list[Requirement]:
    """The dependencies, then those of extras, which may repeat some more strictly."""
    options = project()["optional-dependencies"]
    lines = project()["dependencies"] + [line for name in extras for line in options[name]]
    return [r for r in map(Requirement, lines) if r.name != "tlhelpers"]


def pins(python: str) -> dict[str, str]:
    """The exact versions of constraints.txt on Linux with this Python."""
    found: dict[str, str] = {}
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    for line in constraint_lines():
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice for Python {python}"
            found[name] = next(iter(pin.specifier)).version
    return found


def constraint_lines() -> list[str]:
    lines = (line.split("#")[0].strip() for line in read("constraints.txt").splitlines())
    return [line for line in lines if line]


def test_python_versions():
    assert SpecifierSet(project()["requires-python"]) == SpecifierSet(">=3.11,<3.14")


def test_constraints_are_exact_versions_and_name_no_host():
    for line in constraint_lines():
        assert "://" not in line and "@" not in line and not line.startswith("-"), line
        (specifier,) = Requirement(line).specifier
        assert specifier.operator == "==" and "*" not in specifier.version, line


@pytest.mark.parametrize("python", PYTHONS)
def test_constraints_pin_every_requirement_within_its_bounds(python):
    pinned = pins(python)
    for name, requirement in requirements().items():
        assert name in pinned, f"{name} has no version in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{requirement}: {pinned[name]}"


def test_one_tensorflow_and_no_other_backend_unless_asked_for():
    assert "tensorflow" in pins("3.12") and "tensorflow-cpu" not in pins("3.12")
    asked = {requirement.name for requirement in asked_for(("course",))}
    assert "tensorflow" in asked and not {"jax", "torch"} & asked


def test_the_light_install_brings_numpy_and_keras_and_no_backend():
    assert {r.name for r in asked_for(())} == {"numpy", "keras"}
    options = project()["optional-dependencies"]
    assert all("tlhelpers[course]" in options[name] for name in options if name != "course")


def test_conda_environment_installs_the_course():
    python, pip, rest = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert (python, pip) == ("python=3.12", "pip")
    assert rest["pip"] == ["-c constraints.txt", "-e .[course]"]


def declared(extra) -> set[str]:
    """Canonical names of the dependencies, with those of the extras that `extra` says yes to."""
    extras = filter(extra, project()["optional-dependencies"])
    return {canonicalize_name(r.name) for r in asked_for(extras)}


def undeclared(files: list[Path], names: set[str]) -> set[str]:
    """Packages that files import and nothing in `names` brings by itself."""
    own = {"tlhelpers", "tests"} | sys.stdlib_module_names
    brought_by = metadata.packages_distributions()
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    return {
        name
        for name in found - own
        if not names & {canonicalize_name(each) for each in brought_by.get(name, [name])}
    }


def test_what_is_imported_is_declared():
    """Not only brought along by another package, which may stop doing so."""
    folders = ("tlhelpers", "data_scripts", "benchmarks", "notebooks/src")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert undeclared(files, declared(lambda extra: extra != "test")) == set()
    tests = list((ROOT / "tests").glob("*.py"))
    assert undeclared(tests, declared(lambda extra: True)) == set()


# Licences, README, CI -----------------------------------------------------------------------------


def test_licences_are_whole():
    code, text = read("LICENSE"), read("LICENSE-text")
    assert "Apache License" in code and "END OF TERMS AND CONDITIONS" in code
    assert "CC-BY-4.0" in text and "Section 8 -- Interpretation." in text
    assert project()["license"] == "Apache-2.0"
    assert set(project()["license-files"]) == {"LICENSE", "LICENSE-text"}


def test_citation():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["title"] == "Steady Fine-Tuning"
    assert citation["type"] == "software"
    assert citation["version"] == project()["version"]
    assert citation["license"] == project()["license"]
    assert citation["authors"] == [{"name": "The Steady Fine-Tuning team"}]


def shown_by_ci(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [folder / ".ci" / "run", "--show"], capture_output=True, text=True, check=False
    )


@machines.posix
def test_ci_takes_two_commands_out_of_the_readme():
    shown = shown_by_ci(ROOT)
    assert shown.returncode == 0, shown.stderr
    blocks = shown.stdout.replace("\\\n", "").strip().split("\n\n")
    # One command each: bash goes on after a failure in the middle of an '&&' list.
    assert len(blocks) == 2 and all("\n" not in block for block in blocks), blocks
    for block in blocks:
        assert "python3 -m venv .venv" in block and "-c constraints.txt" in block, block
    run, tests = blocks
    assert "tlhelpers run" in run and "[course]" in run
    assert "[test]" in tests and "pytest" in tests


@machines.posix
@pytest.mark.parametrize("fences", [0, 1, 3])
def test_ci_refuses_another_number_of_commands(tmp_path, fences):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    block = "```sh\ntrue\n```\n"
    (tmp_path / "README.md").write_text(
        f"## Start here\n{block * fences}## Later\n{block}", encoding="utf-8"
    )
    shown = shown_by_ci(tmp_path)
    assert shown.returncode == 1
    assert f"{fences} found" in shown.stderr


@pytest.mark.parametrize(
    "what",
    [
        r"Linux",
        r"macOS.*(untested|not tested)|(untested|not tested).*macOS",
        r"WSL.*(untested|not tested)|(untested|not tested).*WSL",
        r"\d GB\b.*\bdisk|disk.*\d GB\b",
        r"\d GB\b.*\bmemory|memory.*\d GB\b",
        r"\d+ minutes",
        r"not medical advice|not a medical device|no medical",
        r"Apache",
        r"CC[ -]BY[ -]4\.0",
        r"LICENSE-text",
        r"CITATION\.cff",
        r"jupyter lab",
    ],
)
def test_readme_says(what):
    assert re.search(what, unwrapped(read("README.md")), re.I), (
        f"README.md has nothing like '{what}'"
    )


# Imports ------------------------------------------------------------------------------------------


@functools.cache
def modules() -> dict[str, Path]:
    """Dotted name of every module of the package, and its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def imported(module: str) -> dict[str, bool]:
    """What a module imports, at the top or inside a function, and whether importing it does so.

    What is imported for type checkers only counts as well, but as not done.
    """
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    at_once = [node for statement in tree.body for node in _run_at_import(statement)]
    found: dict[str, bool] = {}
    for node in ast.walk(tree):
        for name in _names(node):
            found[name] = found.get(name, False) or node in at_once
    return found


def _run_at_import(node: ast.AST) -> list[ast.AST]:
    """The node and what is inside it, without bodies of functions and type-checking blocks."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return []
    return [node, *(n for child in ast.iter_child_nodes(node) for n in _run_at_import(child))]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, "write imports from the package in full"
    full = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name if name in modules() else node.module for name in full]


def wing(module: str) -> str:
    """tlhelpers.data.splits → data"""
    return module.split(".")[1]


def own(module: str) -> list[str]:
    """The package's modules that this one imports."""
    return [name for name in imported(module) if name.startswith("tlhelpers.")]


def in_wings(names) -> list[str]:
    return [m for m in modules() if m != "tlhelpers" and wing(m) in names]


def test_every_module_lives_in_a_wing():
    assert {wing(m) for m in modules() if m != "tlhelpers"} == {*WINGS, "__main__"}


def test_imports_run_downwards():
    upward = [
        f"{module} imports {other}"
        for module in in_wings(WINGS)
        for other in own(module)
        if WINGS.index(wing(other)) < WINGS.index(wing(module))
    ]
    assert not upward


def test_tests_mirror_the_package():
    folders = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    tested = {path.parent.relative_to(ROOT / "tests") for path in ROOT.glob("tests/*/**/test_*.py")}
    assert tested - {Path("browser")} <= folders  # what a reader sees, of several wings
    assert {Path(name) for name in WINGS} <= tested


def test_data_of_the_package_is_in_the_wheel():
    """Whatever is no module is named in package-data; from a checkout everything is found."""
    named = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["package-data"]
    found = {
        file
        for package, patterns in named.items()
        for pattern in patterns
        for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    files = {path for path in PACKAGE.rglob("*.*") if path.suffix not in (".py", ".pyc")}
    assert files and found == files


def test_no_module_imports_itself_through_others():
    graphlib.TopologicalSorter({m: own(m) for m in modules()}).prepare()  # CycleError names them


def test_only_what_makes_or_runs_pages_imports_them():
    assert {m for m in modules() if "tlhelpers.course.pages" in imported(m)} == {
        "tlhelpers.cli.course",
        "tlhelpers.cli.teaching",
        "tlhelpers.course.runner",
        *(f"tlhelpers.course.site.{n}" for n in ("extension", "links", "notebooks", "sources")),
    }


def test_modules_name_what_they_import_not_the_package():
    assert not [m for m in modules() if "tlhelpers" in imported(m)]


def test_keras_stays_out_of_what_works_without_it():
    heavy = {"keras", "tensorflow", "tlhelpers.core.quiet"}
    for module in in_wings(KERAS_FREE):
        found = {n if n in heavy else n.split(".")[0] for n in imported(module)} & heavy
        assert not found, f"{module} imports {found}"


def test_keras_is_imported_late():
    for module in modules():
        if module in KERAS_AT_THE_TOP:
            continue
        at_once = {name for name, now in imported(module).items() if now}
        assert not {n.split(".")[0] for n in at_once} & {"keras", "tensorflow"}, module
        assert "tlhelpers.core.quiet" not in at_once, module


def in_fresh_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# What takes longer to import than a command may take to answer.
HEAVY = {
    *("keras", "tensorflow", "jax", "scipy.stats", "sklearn", "pandas", "matplotlib", "seaborn"),
    *("papermill", "nbclient", "nbformat", "nbconvert", "jupyter_client", "jupytext", "IPython"),
    *("distributed", "kagglehub", "pooch", "PIL"),
}


@pytest.mark.parametrize(
    ("names", "heavy"),
    [
        ("tlhelpers", {"numpy"}),
        ("tlhelpers.cli", {"numpy"}),
        ("tlhelpers.measures.stability, tlhelpers.analysis.comparisons", set()),
    ],
)
def test_import_brings_nothing_heavy(names, heavy):
    heavy = heavy | HEAVY
    assert not in_fresh_python(f"import sys, {names}; print(*{heavy} & set(sys.modules))")


def test_recorded_runs_are_read_without_keras():
    names = ", ".join(in_wings(KERAS_FREE))
    code = f"import sys, {names}; print(*{{'keras', 'tensorflow'}} & set(sys.modules))"
    assert not in_fresh_python(code)


def called_in_pages() -> set[str]:
    """What pages take from the package: "compare", "plots.curves"."""
    text = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("notebooks/src/*.py"))
    return set(re.findall(r"\btl\.((?:[a-z]\w*\.)?[a-z]\w*)\(", text))


# The functions that a reader of the pages or of the code meets first.
DOCUMENTED = called_in_pages() | {"metrics.differences", "model.loss"}


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_public_functions_say_what_they_take_and_give(name):
    """As numpydoc has it: each parameter by its name, and what comes back."""
    import tlhelpers

    function = operator.attrgetter(name)(tlhelpers)
    sections = re.split(r"^(\w+)\n-+$", inspect.getdoc(function), flags=re.MULTILINE)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    names = re.findall(r"^\**([\w, ]+?)(?: :.*)?$", told.get("Parameters", ""), flags=re.MULTILINE)
    assert [n for n in ", ".join(names).split(", ") if n] == list(
        inspect.signature(function).parameters
    )
    gives = inspect.signature(function).return_annotation != "None"
    assert bool(told.get("Returns", "").strip()) == gives


def test_no_public_function_is_named_like_a_module():
    """Importing the module would put it in the function's place: tl.case() would work once."""
    import tlhelpers

    functions = set(tlhelpers._PUBLIC)
    assert not functions & {m.split(".")[1] for m in modules() if m != "tlhelpers"}
