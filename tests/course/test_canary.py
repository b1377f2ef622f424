"""`tlhelpers canary`: which versions, what is kept, and the table."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from tlhelpers.cli import app
from tlhelpers.core.errors import CourseError
from tlhelpers.course import canary
from tlhelpers.training.keras_facts.fact import Fact, Seen

FACTS = {
    "one": Fact("one", "04", "it | holds", lambda: Seen(True, "")),
    "two": Fact("two", "05", "it holds on TensorFlow", lambda: Seen(True, ""), "tensorflow"),
    "new": Fact("new", "06", "it holds lately", lambda: Seen(True, ""), since="3.10"),
}


def column(keras, backend="jax", **holds):
    answers = {name: canary.Answer(holds.get(name, True), "something. ") for name in FACTS}
    versions = {"python": "3.12.1", "keras": keras, "backend": f"{backend} 1.0", "numpy": "2.0.0"}
    return canary.Column(keras, backend, versions, answers)


def test_the_newest_of_each_minor_version_by_number_and_not_by_letter():
    found = canary.newest_of_each_minor(["3.10.0", "3.3.3", "3.9.2", "3.3.10", "3.10.1"])
    assert found == ["3.3.10", "3.9.2", "3.10.1"]


def test_versions_are_read_off_pip(monkeypatch):
    said = "keras (3.15.1)\nAvailable versions: 3.15.1, 3.4.0, 3.16.0rc1, 3.3.0, 3.2.1, 2.15.0\n"

    def pip(command, **_):
        assert command[1:] == ["-m", "pip", "index", "versions", "keras"]
        return subprocess.CompletedProcess(command, 0, said, "")

    monkeypatch.setattr(subprocess, "run", pip)
    assert canary.published() == ["3.3.0", "3.4.0", "3.15.1"]
    said = "no idea"
    with pytest.raises(CourseError, match="pip could not list"):
        canary.published()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keras", "3.6"], "'3.6' is no version of Keras: write it in full"),
        (["--keras", "3.2.1"], "Keras 3.2.1 is too old for the doctor"),
        (["--backend", "torch"], "Unknown backend 'torch'"),
        (["--keras", "3.6.0", "--newest"], "--newest finds the version itself"),
        (["--keras", "3.6.0", "--fact", "magic"], "Unknown fact 'magic'"),
    ],
)
def test_wrong_use_is_one_line(arguments, message, build_folder):
    problem = CliRunner().invoke(app, ["canary", *arguments]).exception
    assert isinstance(problem, CourseError)
    assert message in str(problem) and "\n" not in str(problem)
    assert not build_folder.exists()


# --- looking ---------------------------------------------------------------------------------


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """One whose only Python is this one, and whose facts are a program of the test."""
    made = canary.Workshop(tmp_path)
    monkeypatch.setattr(made, "python", lambda *_: Path(sys.executable))
    package = tmp_path / "code"
    for name in ("tlhelpers", "training", "keras_facts"):
        package = package / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    monkeypatch.setattr(canary.paths, "PROJECT", tmp_path / "code")
    monkeypatch.setattr(canary, "_CODE", ("training/keras_facts",))
    made.program = package / "__main__.py"
    return made


def looked_at(workshop, names=("one", "two")):
    seen = []
    found = canary.look("3.6.0", "jax", names, workshop, lambda: seen.append(1))
    return found, len(seen)


ANSWERS = """
import json, os, sys
print("a library talks")
print(json.dumps({"python": "3.12.1", "backend": os.environ["KERAS_BACKEND"]}))
for name in sys.argv[1:]:
    print(json.dumps({"name": name, "holds": name == "one", "found": "so"}), flush=True)
"""


def test_what_was_seen_is_kept_until_the_code_changes(workshop):
    workshop.program.write_text(ANSWERS, encoding="utf-8")
    first, count = looked_at(workshop)
    assert count == 2 and first.versions["backend"] == "jax"
    assert first.answers == {"one": canary.Answer(True, "so"), "two": canary.Answer(False, "so")}
    workshop.program.with_name("other.txt").write_text("not code", encoding="utf-8")
    kept = workshop.folder / "seen" / "3.6.0-jax.json"
    record = json.loads(kept.read_text(encoding="utf-8"))
    record["answers"]["one"] = [True, "kept"]
    kept.write_text(json.dumps(record), encoding="utf-8")
    assert looked_at(workshop)[0].answers["one"].found == "kept"
    workshop.program.write_text(ANSWERS.replace('"so"', '"now"'), encoding="utf-8")
    assert looked_at(workshop)[0].answers["one"].found == "now"


def test_a_keras_that_ends_early_says_why_and_is_asked_again(workshop):
    workshop.program.write_text(
        ANSWERS + "    raise SystemExit('no such layer')\n", encoding="utf-8"
    )
    found, count = looked_at(workshop)
    assert found.answers["one"].holds is True and count == 2
    assert found.answers["two"] == canary.Answer(None, "no such layer")
    assert not (workshop.folder / "seen").exists()


def test_what_pip_says_is_one_line(tmp_path):
    with pytest.raises(CourseError, match="failed: .*no_such_module"):
        canary._run(sys.executable, "-c", "import no_such_module")


def test_a_version_that_there_is_not_is_one_short_line():
    every = ", ".join(f"3.{n}.0" for n in range(200))
    said = (
        "ERROR: Could not find a version that satisfies the requirement keras==9.9.9 "
        f"(from versions: {every})\nERROR: No matching distribution found for keras==9.9.9\n"
    )
    code = f"import sys; sys.exit({said!r})"
    with pytest.raises(CourseError) as problem:
        canary._run(sys.executable, "-c", code)
    assert str(problem.value) == (
        "pip finds no keras==9.9.9: name a version that there is, and look whether there is a "
        "connection."
    )


# --- the table -------------------------------------------------------------------------------


def test_the_table_says_what_is_otherwise():
    columns = [column("3.9.2", two=False, new=False), column("3.10.0", one=None, two=False)]
    assert [(f.name, c.keras) for f, c in canary.surprises(FACTS, columns)] == [("one", "3.10.0")]
    lines = canary.table(FACTS, columns).splitlines()
    assert lines[0] == "| page | what it says | 3.9.2 | 3.10.0 |"
    assert lines[2:5] == [
        "| 04 | it \\| holds | yes | **error** (1) |",
        "| 05 | it holds on TensorFlow | no (1) | no (1) |",
        "| 06 | it holds lately | no (1) | yes |",
    ]
    assert "- 3.9.2, 3.10.0: Python 3.12.1, jax 1.0, NumPy 2.0.0." in lines
    assert lines[-1] == "1. something"
    cases = {case.name: case.status for case in canary.test_cases(FACTS, columns)}
    assert cases == {
        "jax 3.9.2 one": "passed", "jax 3.10.0 one": "failed", "jax 3.10.0 new": "passed",
    }  # fmt: skip


def test_a_table_takes_the_place_of_the_one_before_and_of_no_other():
    page = canary.put(canary.put("# Title\n", "jax", "| a |\n"), "tensorflow", "| b |\n")
    page = canary.put(page, "jax", "| c |\n")
    assert page.startswith("# Title\n\n## On JAX\n") and "| a |" not in page
    assert page.count("| c |") == page.count("| b |") == 1
    assert page.count("## On TensorFlow") == 1


def test_the_command_fails_where_a_page_is_wrong(monkeypatch, build_folder):
    from tlhelpers.training.keras_facts import all as every

    monkeypatch.setattr(every, "FACTS", FACTS)
    answers = [column("3.6.0"), column("3.10.0", one=False)]
    monkeypatch.setattr(canary, "look", lambda version, *_: answers[version == "3.10.0"])
    said = CliRunner().invoke(app, ["canary", "--keras", "3.10.0", "--keras", "3.6.0"])
    assert said.exit_code == 1, said.output
    assert "Keras 3.10.0, page 04: it | holds" in said.output
    assert "1 of 3 are otherwise" in said.output
    folder = build_folder / "canary"
    assert "| **no** (1) |" in (folder / "keras_versions.md").read_text(encoding="utf-8")
    suite = ElementTree.parse(folder / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    answers[1] = column("3.10.0")
    assert CliRunner().invoke(app, ["canary", "--keras", "3.10.0"]).exit_code == 0
