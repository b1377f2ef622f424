"""What keeps the repository in shape: formatting, types, workflows, names that exist."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tlhelpers.cli import app

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_code_is_clean():
    run("ruff", "check", ".")


def test_code_is_formatted():
    run("ruff", "format", "--check", ".")


def test_types_of_what_others_build_on():
    typed = ("core", "measures", "doctor", "analysis")
    run("mypy", *(part for wing in typed for part in ("-p", f"tlhelpers.{wing}")))


# Workflows ----------------------------------------------------------------------------------------


def commands(workflow: Path) -> list[str]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_there_are_tests_a_nightly_run_a_canary_and_a_site():
    assert [path.stem for path in WORKFLOWS] == ["canary", "nightly", "site", "tests"]
    assert "bash .ci/run" in commands(ROOT / ".github" / "workflows" / "nightly.yml")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_commands_of_a_workflow_exist(workflow):
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    for line in commands(workflow):
        for extra in re.findall(r'-e "\.\[(\w+)\]"', line):
            assert extra in PROJECT["project"]["optional-dependencies"]
        for marker in re.findall(r'-m "(?:not )?(\w+)"', line):
            assert any(
                each.startswith(f"{marker}:")
                for each in PROJECT["tool"]["pytest"]["ini_options"]["markers"]
            )
        for command in re.findall(r"-m tlhelpers (\w+)", line):
            assert command in known
        for folder in re.findall(r"tests/\w+", line):
            assert (ROOT / folder).is_dir()


def test_hooks_need_no_network():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]
    assert all(hook["language"] == "system" for hook in hooks["repos"][0]["hooks"])


# References ---------------------------------------------------------------------------------------

TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(ROOT / "docs").glob("*.md"),
    ROOT / "recordings" / "PROTOCOL.md",
    *(ROOT / "tlhelpers").rglob("*.py"),
    *(ROOT / "notebooks" / "src").glob("*.py"),
]


def there(dotted: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        file = ROOT.joinpath(*parts[:length])
        if file.with_suffix(".py").is_file() or (file / "__init__.py").is_file():
            found = importlib.import_module(".".join(parts[:length]))
            for name in parts[length:]:
                found = getattr(found, name, getattr(found, "__dataclass_fields__", {}).get(name))
                if found is None:
                    return False
            return True
    return False


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_names_of_the_package_in_texts_exist(text):
    words = text.read_text(encoding="utf-8")
    names = set(re.findall(r"`+(tlhelpers(?:\.\w+)+)", words))
    assert not {name for name in names if not there(name)}
    files = set(re.findall(r"`(tlhelpers/[\w/]+\.\w+)`", words))
    assert not {name for name in files if not (ROOT / name).exists()}


def test_the_picture_of_the_architecture_has_the_wings_in_their_order():
    from tests.test_project import WINGS

    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (arrows,) = re.findall(r"^ *(cli -->.*)$", picture, re.MULTILINE)
    assert tuple(re.split(r" *--> *", arrows)) == WINGS
    assert all(f"<b>{wing}</b>" in picture for wing in WINGS)


def test_contributing_names_what_there_is():
    words = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tlhelpers|tests|notebooks|recordings)/[\w./]+)`", words):
        if "NN_" not in name:
            assert (ROOT / name).exists(), name
