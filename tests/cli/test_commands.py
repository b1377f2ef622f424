"""The commands as they are typed: versions, filters, refusals, and what is said meanwhile."""

import os
import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from tests.experiment.test_recordings import made_up
from tests.schemas import held
from tlhelpers.analysis import answers
from tlhelpers.analysis.comparisons import Comparison
from tlhelpers.cli import app, outputs, tables
from tlhelpers.core import machine, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import site, slides
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.fixes import fix

SMOKE = case("retinopathy", "smoke")


def command(*arguments):
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments) -> str:
    with pytest.raises(CourseError) as problem:
        CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert "\n" not in str(problem.value)
    return str(problem.value)


# --- the command itself ------------------------------------------------------------------


def test_version_names_keras_without_importing_it():
    code = (
        "import sys; sys.argv = ['tlhelpers', '--version']\n"
        "from tlhelpers import cli\n"
        "try: cli.main()\n"
        "finally: print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *lines, imported = done.stdout.splitlines()
    assert lines == [f"{name} {version}" for name, version in machine.installed().items()]
    assert imported == "set()"


def test_the_package_is_the_command():
    for arguments, code in ((["--help"], 0), (["findings", "--case", "faces"], 2)):
        command = [sys.executable, "-m", "tlhelpers", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code
    assert done.stderr.startswith("tlhelpers: Unknown case 'faces'") and not done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "--seeds", "1000000000000", "--dry-run"],
        ["record", "--first-seed", "1000000000000", "--dry-run"],
        ["check", "--runs", "1000000000000"],
        ["check", "--first-seed", "1000000000000"],
        ["run", "--seeds", "1000000000000"],
        ["run", "--timeout", "1000000000000"],
        ["run", "--jobs", "1000000000000"],
        ["pages", "--timeout", "1000000000000"],
    ],
)
def test_absurd_numbers_are_refused_at_once(arguments):
    """Making a job for each would take the memory and, in the end, pytest's patience."""
    said = command(*arguments)
    assert said.exit_code == 2 and arguments[1] in said.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "0", "--out", ""],
        ["pages", "0", "--student", " "],
        ["site", "--out", ""],
        ["slides", "--out", ""],
        ["handout", "--out", ""],
        ["check", "--no-outcomes", "--out", ""],
        ["offline-room", ""],
        ["offline-room", " ", "--verify"],
    ],
)
def test_an_empty_path_is_refused_and_nothing_is_written(arguments, tmp_path, monkeypatch):
    """An empty variable; as a path it would be the folder that one is in."""
    monkeypatch.chdir(tmp_path)
    said = command(*arguments)
    assert said.exit_code == 2 and "it is empty" in said.output and not list(tmp_path.iterdir())


def commands_that_write() -> list[list[str]]:
    """Each command with an option that names a file or a folder, and that option last."""
    return [
        ["run", "0", "--out"],
        ["pages", "0", "--student"],
        ["site", "--out"],
        ["slides", "--out"],
        ["handout", "--out"],
        ["check", "--no-outcomes", "--out"],
        ["offline-room"],
    ]


def test_these_are_all_commands_that_write_where_they_are_told():
    """What is written is a PATH; whoever adds a command finds what it has to keep."""
    commands = typer.main.get_command(app).commands
    named = {name for name, each in commands.items() if "PATH" in {p.metavar for p in each.params}}
    assert named == {words[0] for words in commands_that_write()}


@pytest.mark.parametrize("arguments", commands_that_write(), ids=lambda words: words[0])
@pytest.mark.parametrize("what", ["a file", "below a file", "a folder"])
def test_what_a_command_has_not_made_is_not_replaced(arguments, what, tmp_path):
    """Nothing is begun either, and one line says what to do. The folder looks like several of ours:
    another project's site and slides, the doctor's report."""
    theirs = tmp_path / "theirs"
    (theirs / "_static" / "revealjs").mkdir(parents=True)
    file = theirs / "index.html"
    for each, text in {
        file: "somebody's",
        theirs / "searchindex.js": "Search",
        theirs / "report.json": '{"schema": 1, "trainings": []}',
        theirs / "check.json": "[1]",
    }.items():
        each.write_text(text, encoding="utf-8")
    target = {"a file": file, "below a file": file / "more", "a folder": theirs}[what]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    said = refused(*arguments, str(target))
    assert str(theirs if what == "a folder" else file) in said
    assert re.search(r": (choose|name) a", said)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("check.json", "{}", True),
        ("check.json", '{"schema": 1, "checks": []}', True),
        ("check.json", '{"schema": 1, "pages": []}', False),
        ("check.json", "no JSON", False),
        ("notes.txt", "{}", False),
    ],
)
def test_a_folder_is_known_by_the_report_in_it(name, text, ours, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert outputs.CHECK(tmp_path) is ours


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # Sphinx's, of MyST
def test_folders_that_sphinx_has_made_for_us_are_known(tmp_path, monkeypatch):
    def one_page(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.md").write_text("# Title\n\nText.\n", encoding="utf-8")
        return 1

    monkeypatch.setattr("tlhelpers.course.site.sources.assemble", one_page)
    assert site.write(tmp_path / "site") and slides.write([], "Title", tmp_path / "slides")
    made = {"site": outputs.SITE, "slides": outputs.SLIDES}
    known = {(name, other) for name in made for other in made if made[name](tmp_path / other)}
    assert known == {(name, name) for name in made}
    for name, ours in made.items():
        outputs.check_folder(tmp_path / name, "--out", ours)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["pages", "--student", "new", "--check"],
            "--student only copies pages: leave --check out",
        ),
        (["pages", "--student", "new", "--readme"], "leave --readme out"),
        (
            ["pages", "--student", "new", "--no-execute", "--check"],
            "leave --check and --no-execute",
        ),
        (["check", "--all", "--no-outcomes"], "--all is about outcomes"),
        (["findings", "--protocol", "--json"], "leave the other options out"),
        (["findings", "--protocol", "--profile", "witness"], "leave the other options out"),
        (["fixes", "clipnorm", "--protocol"], "name no fix with it"),
    ],
)
def test_options_that_would_be_ignored_are_refused(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(*arguments) and not list(tmp_path.iterdir())


# --- record ------------------------------------------------------------------------------


@pytest.fixture
def training(monkeypatch, build_folder, tmp_path):
    """Runs that take no time, or fail where the test says so; recorded in a folder of their own."""
    trained, failing = [], {}

    def train(this, recipe, seed):
        trained.append(seed)
        if seed in failing:
            raise failing[seed]
        return made_up(recipe, seed, 0.1, this)

    monkeypatch.setattr("tlhelpers.experiment.cases.base.Case.train", train)
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path / "recordings")
    return trained, failing


def record(*arguments):
    return command("record", "--profile", "smoke", "--fix", "posted", *arguments)


def test_a_run_that_fails_does_not_stop_the_others(training):
    trained, failing = training
    failing[1] = ValueError("no such\nlayer")
    failing[2] = CourseError("The weights are damaged: fetch them again.")
    said = record("--seeds", "4")
    assert said.exit_code == 1 and trained == [0, 1, 2, 3]
    assert said.stdout.splitlines()[-3:] == [
        "2 new runs, 2 failed:",
        "  posted, seed 1: ValueError: no such layer",
        "  posted, seed 2: The weights are damaged: fetch them again.",
    ]
    assert len(list(paths.RECORDINGS.rglob("seed-*.json"))) == 2
    failing.clear()
    again = record("--seeds", "4")
    assert again.exit_code == 0 and trained[4:] == [1, 2] and "2 new runs." in again.output


def test_a_backend_that_cannot_be_had_ends_it_before_the_first_run(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tlhelpers", "record", "--profile", "smoke", "--fix", "posted"],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "foo", "TLHELPERS_BUILD": str(tmp_path)},
    )
    assert done.returncode == 2 and done.stderr.count("KERAS_BACKEND=foo") == 1


def test_a_failed_run_is_free_for_another_process(training):
    _, failing = training
    failing[0] = ValueError("no such layer")

    class Watched(ValueError):
        def __str__(self):  # asked while the second run fails: the first has failed before
            with SMOKE.locked(SMOKE.measured, 0):
                return "locked"

    failing[1] = Watched()
    assert "posted, seed 1: Watched: locked" in record("--seeds", "2").output


def test_images_that_are_missing_end_it(training, monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path / "no data"))
    said = refused("record", "--data", "real", "--fix", "posted", "--seeds", "3")
    assert "prepare_eyepacs.py" in said and training[0] == []


@pytest.mark.parametrize("where", ["recordings", "recordings/retinopathy-synthetic-smoke", "build"])
def test_what_cannot_be_written_is_told_before_the_first_training(training, tmp_path, where):
    file = tmp_path / where
    file.parent.mkdir(exist_ok=True)
    file.write_text("", encoding="utf-8")
    said = refused("record", "--profile", "smoke", "--fix", "posted")
    assert f"cannot write in {file}" in said and "Not a directory" in said
    assert training[0] == []


# --- evidence and findings ---------------------------------------------------------------


def compared(**changes) -> Comparison:
    fields = {
        "case": "ferplus", "data": "synthetic", "profile": "quick", "design": "single",
        "fix": "clipnorm", "metric": "jitter", "better": "lower", "seeds": 8, "before": 0.2,
        "after": 0.1, "effect": -0.1, "low": -0.15, "high": -0.05, "level": 0.95, "p": 0.01,
        "verdict": "helps",
    }  # fmt: skip
    return Comparison(**fields | changes)


@pytest.fixture
def found(monkeypatch):
    """Two cases, two fixes, two designs, three metrics of made-up comparisons."""
    made = [
        compared(case=name, fix=fix_name, design=design, metric=metric)
        for name, score in (("ferplus", "macro_f1"), ("retinopathy", "auc"))
        for design in ("single", "leave-one-out")
        for fix_name in ("clipnorm", "weight-average")
        for metric in ("jitter", "nll", score)
    ]
    monkeypatch.setattr(answers, "recorded", lambda *_: made)
    return made


@pytest.mark.parametrize(
    ("options", "field", "values"),
    [
        (["--case", "ferplus"], "case", {"ferplus"}),
        (["--fix", "clipnorm"], "fix", {"clipnorm"}),
        (["--metric", "jitter", "--metric", "auc"], "metric", {"jitter", "auc"}),
        (["--data", "synthetic"], "data", {"synthetic"}),
        (["--design", "leave-one-out"], "design", {"leave-one-out"}),
    ],
)
def test_evidence_of_what_is_asked_for(found, options, field, values):
    rows = held("evidence", command("evidence", "--json", *options).stdout)["comparisons"]
    assert rows == [c.to_dict() for c in found if getattr(c, field) in values]
    lines = command("evidence", *options).stdout.splitlines()
    assert sum(line.endswith("helps") for line in lines) == len(rows)


def test_evidence_without_options_is_short_and_says_how_to_see_more(found):
    said = command("evidence").stdout
    assert said.count("helps: −0.10 (−0.15 to −0.05)") == 2 * 4  # jitter and score of each fix
    assert "nll" not in said and "These are 8 of 24 comparisons." in said and "--metric" in said
    everything = held("evidence", command("evidence", "--json").stdout)
    assert everything == {"schema": 1, "comparisons": [c.to_dict() for c in found]}


def test_evidence_of_what_nobody_has_recorded(found):
    assert "Nothing of that is recorded" in command("evidence", "--data", "real").stdout
    nothing = held("evidence", command("evidence", "--data", "real", "--json").stdout)
    assert nothing["comparisons"] == []


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("--case", "retinopathy, ferplus"),
        ("--fix", "frozen-batchnorm, "),
        ("--metric", "jitter, climb"),
        ("--data", "synthetic, real"),
        ("--design", "single, behind, leave-one-out, cumulative"),
    ],
)
def test_unknown_names_are_told_with_those_there_are(option, known):
    said = refused("evidence", option, "magic")
    assert f"Unknown {option[2:]} 'magic': choose one of {known}" in said


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Recordings of the posted recipe and of one fix."""
    quick = case("retinopathy", "quick")
    for seed in range(8):
        for recipe, wobble in ((quick.measured, 0.2), (fix("clipnorm").apply(quick.measured), 0.0)):
            recordings.save(made_up(recipe, seed, wobble, quick), tmp_path)
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)


def test_findings_as_json(kept):
    said = command("findings", "--json")
    assert said.stderr.startswith("Reading ")
    eyes, faces = held("findings", said.stdout)["cases"]
    assert (eyes["case"], faces["case"], faces["findings"]) == ("retinopathy", "ferplus", [])
    (finding,) = eyes["findings"]
    asked = {"design": "single", "fix": "clipnorm", "before": [], "after": ["clipnorm"]}
    assert finding["question"] == asked | {"judged": True}
    assert finding["verdict"] == "counts" and 0 < finding["p"] < 0.05
    assert finding["seeds"] == list(range(8))
    jitter = finding["comparisons"]["jitter"]
    assert jitter["metric"] == "jitter" and jitter["effect"] < 0
    assert finding["comparisons"]["score"]["metric"] == "auc"
    assert eyes["steady"]["fixes"] == ["weight-average-update-bn"]
    assert "Seed 8 of posted is not recorded" in eyes["steady"]["not_judged"]


def test_findings_of_the_witness(tmp_path, monkeypatch):
    """Five seeds are judged, two are described, and the case without the profile is left out."""
    witness = case("retinopathy", "witness")
    for name, wobble, seeds in (
        ("posted", 0.3, 5),
        ("weight-average-update-bn", 0.0, 5),
        ("plateau", 0.1, 2),
    ):
        change = {} if name == "posted" else fix(name).change
        for seed in range(seeds):
            run = made_up(witness.measured.but(**change), seed, wobble, witness)
            recordings.save(run, tmp_path, name)
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    said = command("findings", "--json", "--profile", "witness").stdout
    (judged,) = held("findings", said)["cases"]
    verdicts = {each["question"]["fix"]: each["verdict"] for each in judged["findings"]}
    assert verdicts == {"weight-average-update-bn": "counts", "plateau": "described only"}
    said = command("record", "--profile", "witness", "--dry-run").output
    assert "12 of 20 runs are recorded" in said


# --- pretrain ----------------------------------------------------------------------------


def test_pretrain_says_how_it_goes_and_what_came_out(monkeypatch, build_folder):
    step = {"lower": 439.0, "median": 869.0, "upper": 1869.0, "weighted": 2000.0, "rms": 0.03}

    def pretrain(images, on_epoch):
        assert images == "drawn-faces"
        on_epoch({"loss": [1.5], "val_accuracy": [0.5]})
        made = {"fingerprint": "0123456789abcdef", "accuracy": 0.69, "chance": 0.36}
        return made | {"backbone": "resnet50", "step": step}

    monkeypatch.setattr("tlhelpers.training.pretraining.pretrain", pretrain)
    said = command("pretrain").output
    assert "epoch 1 of 4: training loss 1.500, validation accuracy 0.500" in said
    assert "resnet50-drawn-faces.npz: weights 0123456789abcdef" in said
    assert "validation accuracy 0.690, 0.360 by always" in said and "440 / 870 / 1900" in said
    assert "Unknown images 'cats': choose one of drawn-faces, real-faces" in refused(
        "pretrain", "--images", "cats"
    )


def test_committed_findings_as_json_agree_with_the_table():
    said = command("findings", "--json", "--case", "ferplus").stdout
    (judged,) = held("findings", said)["cases"]
    assert judged["steady"]["holds"] and judged["steady"]["seeds"] == list(range(8, 16))
    table = command("findings", "--case", "ferplus").stdout
    for finding in judged["findings"]:
        assert f"{finding['question']['fix']} " in table and finding["verdict"] in table


@pytest.mark.parametrize(
    "arguments", [["findings"], ["evidence"], ["fixes"], ["fixes", "clipnorm"]]
)
def test_nothing_is_wider_than_eighty_columns(arguments, monkeypatch):
    monkeypatch.setattr(tables, "width", lambda: 80)
    said = command(*arguments).stdout
    assert said and max(map(len, said.splitlines())) <= 80
