"""The protocol: what is asked, which runs are made for it, and what counts as an answer."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from tests.experiment.test_recordings import made_up
from tests.schemas import held
from tests.wrapping import unwrapped
from tlhelpers.analysis import prose, verdicts
from tlhelpers.cli import app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import causes, jobs, protocol, recordings
from tlhelpers.experiment.cases import CASES, PROFILES, case, has
from tlhelpers.experiment.fixes import FIXES, fix
from tlhelpers.training.recipe import difference
from tlhelpers.training.run import Experiment

SMOKE = case("retinopathy", "smoke")
WITNESS = ("retinopathy", "witness")


@pytest.fixture
def steady(monkeypatch):
    """A made-up steady recipe, which no result can change."""
    names = ("frozen-batchnorm", "head-first", "clipnorm")
    steady = {**protocol.VERSION_5.steady, "retinopathy": names}
    monkeypatch.setattr(protocol, "VERSION_5", replace(protocol.VERSION_5, steady=steady))
    return names


# --- the catalogue -----------------------------------------------------------------------


def test_every_cause_is_tried_or_has_a_reason_in_each_case():
    assert [cause.number for cause in causes.CAUSES] == list(range(1, 17))
    for cause in causes.CAUSES:
        for name in CASES:
            tried = causes.fixes_for(cause, name)
            assert bool(tried) != (name in cause.untried), (cause.number, name)
    assert {f.cause for f in FIXES.values()} <= {cause.number for cause in causes.CAUSES}


def test_the_command_tells_the_catalogue():
    all_of_them = CliRunner().invoke(app, ["fixes"]).output
    assert all(f"  {each.name} " in all_of_them for each in FIXES.values())
    assert all(cause.title in all_of_them and cause.sign in all_of_them for cause in causes.CAUSES)
    one = CliRunner().invoke(app, ["fixes", "no-duplicates"]).output
    assert (
        "duplicates = False" in one
        and fix("no-duplicates").why in one
        and fix("no-duplicates").source in one
    )
    with pytest.raises(CourseError, match="Unknown fix 'duplicates'"):
        CliRunner().invoke(app, ["fixes", "duplicates"], catch_exceptions=False)


def test_the_protocol_shows_the_catalogue_as_it_is():
    text = (paths.RECORDINGS / "PROTOCOL.md").read_text(encoding="utf-8")
    shown = text.split("<!-- catalogue -->\n")[1].split("\n<!-- /catalogue -->")[0]
    assert shown == causes.catalogue()


def test_the_protocol_states_the_margins_that_are_used():
    text = (paths.RECORDINGS / "PROTOCOL.md").read_text(encoding="utf-8")
    auc, f1 = (f"{-verdicts.MARGINS[name]:g}" for name in ("auc", "macro_f1"))
    assert f"lies above {auc} AUC or {f1} macro-F1" in unwrapped(text).replace("−", "-")


# --- questions and runs ------------------------------------------------------------------


def test_every_question_is_of_a_design_that_can_be_asked_for():
    asked = [q for name in CASES for p in PROFILES if has(name, p) for q in
             protocol.questions(name, p)]  # fmt: skip
    assert {q.design for q in asked} <= set(protocol.DESIGNS) and len(asked) > 30


def test_questions_of_a_case(steady):
    asked = protocol.questions("retinopathy")
    alone = [q for q in asked if q.design == "single"]
    assert [q.fix for q in alone] == [
        f.name for f in FIXES.values() if "retinopathy" in f.cases and f.works
    ]
    assert all((q.before, q.after) == ((), (q.fix,)) for q in alone)
    removed = {q.fix: q for q in asked if q.design == "leave-one-out"}
    assert removed["head-first"].before == ("frozen-batchnorm", "clipnorm")
    assert {q.after for q in removed.values()} == {steady}
    ladder = [q for q in asked if q.design == "cumulative"]
    assert [q.before for q in ladder] == [steady[:0], steady[:1], steady[:2]]
    assert [q.after for q in ladder] == [steady[:1], steady[:2], steady]


def test_each_recipe_is_needed_once_whatever_the_order_of_its_fixes(steady):
    names = protocol.recipes("retinopathy")
    assert names[0] == "posted" and len(names) == len(set(names))
    joined = [name for name in names if "+" in name]
    # The whole, each without one, and what the ladder adds: its last step but one is the last
    # removed, its first is alone.
    # And frozen BatchNorm behind a tenth of the rate, and the average behind both.
    assert len(joined) == 6
    assert protocol.joined(("clipnorm", "frozen-batchnorm")) == "frozen-batchnorm+clipnorm"


def test_jobs_change_the_recipe_and_the_images():
    both = "frozen-batchnorm+class-weights-balanced"
    found = jobs.jobs_for(
        "ferplus", "synthetic", "smoke", ["posted", both, "no-duplicates"], range(2)
    )
    faces = case("ferplus", "smoke")
    changed = {"batchnorm": ("live", "frozen"), "class_weights": (None, "balanced")}
    without = case("ferplus", "smoke", duplicates=False).spec
    assert [
        (j.label, difference(faces.measured, j.recipe), j.case.spec, j.seed) for j in found
    ] == [
        (label, what, spec, seed)
        for label, what, spec in (
            ("posted", {}, faces.spec),
            (both, changed, faces.spec),
            ("no-duplicates", {}, without),
        )
        for seed in (0, 1)
    ]
    assert found[0].case is found[2].case  # they can share networks


def test_jobs_with_other_images_have_a_label_and_a_spec_of_their_own():
    names = ["posted", "no-duplicates"]
    found = jobs.jobs_for("ferplus", "real", "quick", names, range(1), everything=True)
    assert [job.label for job in found] == [
        "posted-everything=True",
        "no-duplicates-everything=True",
    ]
    assert [job.case.spec.split(" seed")[0] for job in found] == [
        "real all+all plurality twins",
        "real all+all plurality no twins",
    ]


# --- recording ---------------------------------------------------------------------------


@pytest.fixture
def quickly(monkeypatch, build_folder, tmp_path):
    """Runs that take no time, kept in a folder of their own."""
    trained = []

    def train(this, recipe, seed):
        trained.append((recipe, seed))
        return made_up(recipe, seed, 0.1, this)

    monkeypatch.setattr("tlhelpers.experiment.cases.base.Case.train", train)
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path / "recordings")
    return trained


def fail(job, problem):
    pytest.fail(f"{job}: {problem}")


def record(*arguments):
    return CliRunner().invoke(app, ["record", "--profile", "smoke", *arguments])


def test_record_makes_what_the_protocol_asks_for_and_nothing_twice(quickly):
    first = record("--seeds", "1")
    assert first.exit_code == 0, first.output
    needed = len(protocol.recipes("retinopathy"))
    assert f"0 of {needed} runs are recorded" in first.output
    assert f"{needed} new runs." in first.output
    assert len(quickly) == needed == len(set(quickly))
    again = record("--seeds", "2")
    assert f"{needed} of {2 * needed} runs are recorded" in again.output
    assert len(quickly) == 2 * needed == len(set(quickly))


def test_the_state_of_a_run_is_deleted_only_when_the_run_is_saved(quickly, monkeypatch):
    (job,) = jobs.jobs_for("retinopathy", "synthetic", "smoke", ["posted"], range(1))
    kept = SMOKE.unfinished(job.recipe, 0)
    train, save = type(SMOKE).train, recordings.save

    def leaves_its_state(this, recipe, seed):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
        kept.with_name(f"{kept.name}.0123abcd.partial").touch()
        return train(this, recipe, seed)

    def full(*_):
        raise CourseError("The disk is full.")

    monkeypatch.setattr(type(SMOKE), "train", leaves_its_state)
    for make in (
        lambda: list(jobs.record([job], fail)),
        lambda: SMOKE.run(job.recipe, 1, live=True),
    ):
        monkeypatch.setattr(recordings, "save", full)
        with pytest.raises(CourseError, match="The disk is full"):
            make()
        assert kept.exists()
        monkeypatch.setattr(recordings, "save", save)
        make()
        assert not list(kept.parent.glob(f"{kept.name}*"))


def test_an_estimate_comes_before_any_work(quickly):
    run = made_up(SMOKE.measured, 0, 0.1)
    run.history["seconds"] = [30.0] * 4
    recordings.save(run, paths.RECORDINGS, "posted")
    said = record("--fix", "posted", "--fix", "clipnorm", "--seeds", "2", "--dry-run").output
    assert "1 of 4 runs are recorded." in said
    assert "3 are missing: about 6 min 00 s" in said and "at 2 min 00 s each" in said
    assert not quickly


def test_another_process_is_making_a_run(quickly):
    lock = SMOKE.unfinished(SMOKE.measured, 0).with_suffix(".lock")
    lock.parent.mkdir(parents=True)
    with FileLock(lock):
        said = record("--fix", "posted", "--seeds", "2").output
    assert [seed for _, seed in quickly] == [1]
    assert "1 are left to other processes" in said and "1 new runs." in said


def test_on_a_disk_that_knows_no_locks_runs_are_made_all_the_same(quickly, monkeypatch):
    def acquire(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "acquire", acquire)
    assert "1 new runs." in record("--fix", "posted", "--seeds", "1").output
    with SMOKE.locked(SMOKE.measured, 0):
        pass


KILLED = """
import sys, time
from tlhelpers.experiment import jobs
from tlhelpers.experiment.cases.base import Case
def train(*_):
    print("training", flush=True)
    time.sleep(3600)
Case.train = train
wanted = jobs.jobs_for("retinopathy", "synthetic", "smoke", ["posted"], range(1))
list(jobs.record(wanted, print))
"""


def test_the_run_of_a_killed_process_is_made_by_the_next(quickly):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == "training\n"
        assert "1 are left to other processes" in record("--fix", "posted", "--seeds", "1").output
        process.kill()
    assert "1 new runs." in record("--fix", "posted", "--seeds", "1").output


def test_record_with_other_images(quickly):
    assert "2 new runs." in record("--fix", "posted", "--images", "fellow_eyes=0.8").output
    (folder,) = paths.RECORDINGS.glob("*/*")
    assert folder.name.startswith("posted-fellow_eyes=0.8-")
    assert "0.8 fellows" in recordings.load(folder / "seed-0.json").about["spec"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fix", "posted", "--fix", "magic"], "Unknown fix 'magic'"),
        (["--fix", "posted", "--fix", "frozen-batchnorm+size-48"], "'size-48' is no fix for ret"),
        (["--case", "faces"], "Unknown case 'faces'"),
        (
            ["--case", "ferplus", "--images", "everything=true"],
            "everything=True needs data='real'",
        ),
        (["--images", "everything=true"], "retinopathy has no option 'everything'"),
        (["--images", 'photographs=["aptos"]'], "photographs=['aptos'] is unknown: choose one"),
        (["--images", "fellow_eyes=2"], "fellow_eyes=2 must be a number from 0 to 1"),
        (
            ["--case", "ferplus", "--images", 'duplicates="no"'],
            "duplicates='no' must be True or False",
        ),
        (["--images", "fellow_eyes"], "Cannot read 'fellow_eyes': write name=true or name=0.8"),
    ],
)
def test_record_refuses_before_any_work(quickly, arguments, message):
    result = record(*arguments)
    assert isinstance(result.exception, CourseError) and message in str(result.exception)
    assert not quickly


# --- findings ----------------------------------------------------------------------------


def keep(
    root, name: str, wobble: float, auc: float = 0.8, seeds: int = 8, se: float = 1e-3
) -> None:
    """Runs of a recipe whose loss goes up and down by `wobble`, with this AUC and noise."""
    this, recipe = protocol.changed(
        "retinopathy", "quick", "synthetic", protocol.fixes_of(name, "retinopathy")
    )
    for seed in range(seeds):
        run = made_up(recipe, seed, wobble * (1 + 0.1 * np.sin(seed)), this)
        run.history["val_nll_se"] = [None, se, se, se]
        run.history["val_auc"] = [auc + 0.002 * np.cos(3 * seed)] * 4
        recordings.save(run, root, name)


def verdicts_of(root, design="single"):
    found = verdicts.found("retinopathy", root=root)
    return {f.question.fix: f.verdict for f in found if f.question.design == design}


def test_only_what_is_steadier_and_keeps_its_score_counts(tmp_path):
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "frozen-batchnorm", 0.1, auc=0.9)
    keep(tmp_path, "learning-rate-1e-5", 0.0, auc=0.5)  # so low that it learns nothing
    keep(tmp_path, "clipnorm", 0.1, auc=0.77)
    keep(tmp_path, "plateau", 0.2)
    keep(tmp_path, "dense-512", 0.4)
    assert verdicts_of(tmp_path) == {
        "frozen-batchnorm": verdicts.COUNTS,
        "learning-rate-1e-5": verdicts.STEADIER,
        "clipnorm": verdicts.STEADIER,
        "plateau": verdicts.NOT_SHOWN,
        "dense-512": verdicts.LESS_STEADY,
    }
    shown = verdicts.findings_table(verdicts.found("retinopathy", root=tmp_path))
    assert list(shown.columns)[:3] == ["design", "fix", "jitter"]
    assert list(shown.design).count("single") == 5


def test_spikes_are_counted_beside_jitter(tmp_path):
    """Of Keras's own loss, on both sides of the pairs alone."""
    keep(tmp_path, "posted", 0.05)
    keep(tmp_path, "clipnorm", 0.0, seeds=7)
    for path in tmp_path.glob("*/posted-*/seed-[067].json"):
        run = recordings.load(path)
        run.history["val_loss"] = [0.5, 0.9, 0.5, 0.5]
        recordings.save(run, tmp_path, "posted")
    (found,) = verdicts.found("retinopathy", root=tmp_path)
    assert found.seeds == list(range(7)) and found.spikes == (2, 0)
    assert list(verdicts.findings_table([found]).spikes) == ["2 → 0"]
    assert found.to_dict()["spikes"] == {"before": 2, "after": 0}


def test_a_score_that_is_no_better_than_a_constant_answer_never_counts(tmp_path):
    """Nothing is lost against a posted run that is as bad."""
    keep(tmp_path, "posted", 0.2, auc=0.5)
    keep(tmp_path, "clipnorm", 0.0, auc=0.5)
    (found,) = verdicts.found("retinopathy", root=tmp_path)
    assert found.not_worse and not found.better_than_nothing
    assert found.verdict == verdicts.STEADIER


def test_few_seeds_are_described(tmp_path):
    for name, wobble in (("posted", 0.2), ("clipnorm", 0.0)):
        keep(tmp_path, name, wobble, seeds=3)
    assert set(verdicts_of(tmp_path).values()) == {"described only"}


@pytest.fixture
def partly(tmp_path, monkeypatch):
    """A folder of recordings: one fix has no seed of the posted recipe, one has a diverged run."""
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "frozen-batchnorm", 0.1, auc=0.9)
    keep(tmp_path, "clipnorm", 0.0)
    this, recipe = protocol.changed("retinopathy", "quick", "synthetic", [fix("plateau")])
    recordings.save(made_up(recipe, 3, 0.1, this), tmp_path, "plateau")
    (path,) = tmp_path.glob("*/posted-*/seed-3.json")
    path.unlink()
    clipped = fix("clipnorm").apply(this.measured)
    run = made_up(clipped, 2, 0.1, this)
    run.history["val_nll"][1] = run.history["loss"][1] = float("nan")
    recordings.save(run, tmp_path, "clipnorm")
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    return tmp_path


DIVERGED = "seed 2 of clipnorm in epoch 2"


def test_a_fix_with_a_diverged_run_does_not_count(partly):
    assert verdicts_of(partly) == {
        "frozen-batchnorm": verdicts.COUNTS,
        "clipnorm": verdicts.DIVERGED,
    }
    frozen, clipped = (f for f in verdicts.found("retinopathy") if f.question.design == "single")
    assert clipped.diverged == DIVERGED and clipped.p is None
    # It is still one of those that were asked.
    asked = [q for q in protocol.questions("retinopathy") if q.design == "single"]
    count = sum(q.judged for q in asked)
    assert frozen.p == pytest.approx(count * frozen.jitter.p)


def test_findings_command_names_a_diverged_run(partly):
    shown = CliRunner().invoke(app, ["findings", "--case", "retinopathy"])
    assert shown.exit_code == 0
    (line,) = (line for line in shown.output.splitlines() if line.startswith("clipnorm "))
    assert line.endswith(f"diverged: {DIVERGED}") and "counts" in shown.output


def test_evidence_command_goes_on_without_what_cannot_be_compared(partly):
    shown = CliRunner().invoke(app, ["evidence", "--json"])
    assert shown.exit_code == 0
    assert {row["fix"] for row in held("evidence", shown.stdout)["comparisons"]} == {
        "frozen-batchnorm"
    }
    assert shown.stderr.startswith(f"Reading {paths.RECORDINGS} …\n")
    (line,) = (line for line in shown.stderr.splitlines() if "clipnorm" in line)
    assert f"retinopathy-synthetic-quick is not compared: {DIVERGED} diverged" in line


def test_a_diverged_posted_run_leaves_nothing_to_count(tmp_path):
    keep(tmp_path, "clipnorm", 0.0)
    keep(tmp_path, "posted", 0.2)
    (path,) = tmp_path.glob("*/posted-*/seed-5.json")
    run = recordings.load(path)
    run.history["loss"][3] = float("inf")
    recordings.save(run, tmp_path, "posted")
    (found,) = verdicts.found("retinopathy", root=tmp_path)
    assert (found.verdict, found.diverged) == (verdicts.DIVERGED, "seed 5 of posted in epoch 4")
    assert list(verdicts.findings_table([found]).jitter) == ["–"]


def test_removed_and_ladder(tmp_path, steady):
    for i, name in enumerate(protocol.recipes("retinopathy")):
        if "+" in name or name in ("posted", steady[0]):
            keep(tmp_path, name, 0.02 if name.count("+") == 2 else 0.2 + i / 1000)
    assert verdicts_of(tmp_path, "leave-one-out") == dict.fromkeys(steady, verdicts.NEEDED)
    # A step depends on those before it: it is described.
    assert verdicts_of(tmp_path, "cumulative") == dict.fromkeys(steady, "described only")


def test_many_questions_make_one_answer_less_sure(tmp_path):
    """Holm's correction over all questions of a design, also those that no run answers yet."""
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "clipnorm", 0.199)
    (found,) = verdicts.found("retinopathy", root=tmp_path)
    single = [q for q in protocol.questions("retinopathy") if q.design == "single"]
    asked = sum(q.judged for q in single)
    assert asked == len(protocol.of("quick").asked["retinopathy"]) == 15
    assert found.p == pytest.approx(min(1, asked * found.jitter.p))
    keep(tmp_path, "plateau", 0.2)
    both = {f.question.fix: f for f in verdicts.found("retinopathy", root=tmp_path)}
    again = both["clipnorm"]
    assert again.p == pytest.approx(found.p)


def test_a_cause_made_larger_is_described(tmp_path):
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "momentum-0.999", 0.9)
    assert verdicts_of(tmp_path) == {"momentum-0.999": "described only"}


def test_where_the_posted_run_does_not_jump_there_is_nothing_to_steady(tmp_path):
    """However small the p-value; more jitter is still seen."""
    for name, wobble in (("posted", 0.01), ("clipnorm", 0.0), ("dense-512", 0.4)):
        keep(tmp_path, name, wobble, se=0.1)
    assert verdicts_of(tmp_path) == {
        "clipnorm": verdicts.NOTHING,
        "dense-512": verdicts.LESS_STEADY,
    }


def test_seeds_beyond_the_profile_have_another_purpose(tmp_path):
    for name, wobble in (("posted", 0.2), ("clipnorm", 0.1)):
        keep(tmp_path, name, wobble, seeds=10)
    (found,) = verdicts.found("retinopathy", root=tmp_path)
    assert found.jitter.seeds == 8


@pytest.mark.parametrize(
    ("wobble", "auc", "holds"),
    [(0.05, 0.8, True), (0.15, 0.8, False), (0.05, 0.7, False)],
)
def test_the_steady_recipe_is_judged_on_fresh_seeds(
    monkeypatch, tmp_path, steady, build_folder, wobble, auc, holds
):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)  # and not the committed ones
    keep(tmp_path, "posted", 0.2, seeds=16)
    # Runs of this machine judge nothing.
    keep(recordings.local(), protocol.joined(steady), wobble, auc, seeds=16)
    with pytest.raises(CourseError, match="Seed 8 of steady is not recorded for synthetic fundus"):
        verdicts.steadiness("retinopathy")
    keep(tmp_path, protocol.joined(steady), wobble, auc, seeds=16)
    judged = verdicts.steadiness("retinopathy")
    assert judged.posted.seeds == judged.steady.seeds == tuple(range(8, 16))
    assert judged.holds == holds


def test_a_rise_that_stays_is_unsteady_where_the_protocol_judges_by_rises(
    monkeypatch, tmp_path, steady
):
    """Version 7 came after a run of ResNet50 that climbed to ten times its best: jitter 0."""
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    by_rise = replace(protocol.VERSION_5, fresh=range(3, 8), by="rise")
    for name, end in (("posted", 4.0), (protocol.joined(steady), 0.5)):
        fixes = protocol.fixes_of(name, "retinopathy")
        this, recipe = protocol.changed("retinopathy", "quick", "synthetic", fixes)
        for seed in range(8):
            run = made_up(recipe, seed, 0.0, this)
            run.history["val_nll"] = [1.0, 0.6, 0.5, end + 0.01 * seed]
            recordings.save(run, tmp_path, name)
    monkeypatch.setattr(protocol, "VERSION_5", replace(by_rise, by="jitter"))
    assert not verdicts.steadiness("retinopathy").posted_jumps
    monkeypatch.setattr(protocol, "VERSION_5", by_rise)
    judged = verdicts.steadiness("retinopathy")
    assert judged.posted.seeds == tuple(range(3, 8)) and judged.posted_jumps
    assert judged.halved and judged.holds and "largest rise 2.0" in judged.words
    assert set(judged.to_dict()["comparisons"]) == {"rise", "score"}
    said = prose.value("steadiness retinopathy")
    assert "one epoch was 8.1-fold without the change and 1.1-fold with it (geometric" in said


def test_trivial_scores():
    run = made_up(SMOKE.measured, 0, 0.1)
    one = Experiment(run.recipe, (run,))
    assert verdicts.trivial_score(one, "auc") == 0.5
    # 24 of 48 are of the commonest class: precision 1/2, recall 1, F1 2/3, and 0 for the other.
    assert verdicts.trivial_score(one, "macro_f1") == pytest.approx(1 / 3)


def test_nothing_to_compare_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    keep(tmp_path, "posted", 0.2, seeds=1)
    this, recipe = protocol.changed("retinopathy", "quick", "synthetic", [fix("clipnorm")])
    recordings.save(made_up(recipe, 1, 0.1, this), tmp_path, "clipnorm")
    for arguments, cases in (((), "retinopathy and ferplus"), (("--case", "ferplus"), "ferplus")):
        result = CliRunner().invoke(app, ["findings", *arguments])
        assert isinstance(result.exception, CourseError)
        said = f"Nothing to compare is recorded for {cases}, synthetic, quick"
        assert said in str(result.exception)
    shown = CliRunner().invoke(app, ["evidence"])
    assert shown.exit_code == 0 and "Nothing to compare is recorded yet" in shown.stdout
    nothing = held("evidence", CliRunner().invoke(app, ["evidence", "--json"]).stdout)
    assert nothing["comparisons"] == []


def test_findings_of_both_cases_if_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "clipnorm", 0.0)
    shown = CliRunner().invoke(app, ["findings"])
    assert shown.exit_code == 0
    eyes, faces = shown.output.split("\nferplus, synthetic, quick:\n")
    assert eyes.startswith("retinopathy, synthetic, quick:\n") and "\nclipnorm " in eyes
    assert faces == "nothing to compare\n"
    with pytest.raises(CourseError, match="Unknown case 'faces'"):
        CliRunner().invoke(app, ["findings", "--case", "faces"], catch_exceptions=False)


def test_findings_command_prints_the_committed_recordings():
    shown = CliRunner().invoke(app, ["findings", "--case", "ferplus"]).output
    assert fix("reestimated-batchnorm").name in shown and "p (Holm)" in shown
    assert "The steady recipe, weight-average-update-bn" in shown
    assert "steady by the protocol: yes" in shown


def test_the_table_of_the_protocol_has_its_command(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    file = tmp_path / "PROTOCOL.md"
    file.write_text(
        "before\n<!-- catalogue -->\nold\n<!-- /catalogue -->\nafter\n", encoding="utf-8"
    )
    assert CliRunner().invoke(app, ["fixes", "--protocol"]).exit_code == 0
    before, *table, after = file.read_text(encoding="utf-8").splitlines()
    assert (before, after) == ("before", "after")
    assert "\n".join(table[1:-1]) == causes.catalogue()


# --- what a catalogue that grows, or two fixes of one field, must not do ------------------


def test_new_fixes_in_the_catalogue_change_no_verdict(tmp_path, monkeypatch):
    """Holm's family is that of the protocol's version, and what is younger is described."""
    keep(tmp_path, "posted", 0.2)
    keep(tmp_path, "clipnorm", 0.15)
    (before,) = verdicts.found("retinopathy", root=tmp_path)
    for name, norm in (("recorded-later", 0.5), ("never-recorded", 0.25)):
        change = MappingProxyType({"clipnorm": norm})
        monkeypatch.setitem(FIXES, name, replace(fix("clipnorm"), name=name, change=change))
    keep(tmp_path, "recorded-later", 0.02)
    after, young = verdicts.found("retinopathy", root=tmp_path)
    assert (after.p, after.verdict) == (before.p, before.verdict)
    assert (young.p, young.verdict) == (None, "described only")
    assert "recorded-later" not in protocol.recipes("retinopathy")


@pytest.mark.parametrize("version", [protocol.VERSION_5, protocol.VERSION_6])
@pytest.mark.parametrize("name", CASES)
def test_a_protocol_asks_only_for_fixes_that_there_are(version, name):
    behind = [each for added, before in version.behind[name] for each in (added, *before)]
    asked = {*version.asked[name], *version.described[name], *version.steady[name], *behind}
    assert all(name in fix(each).cases for each in asked)
    assert all(fix(each).remedy and fix(each).works for each in version.asked[name])
    assert len(set(version.asked[name])) == len(version.asked[name])


def test_each_profile_has_its_protocol():
    assert {name: protocol.of(name).version for name in PROFILES} == {
        name: 7 if name == "witness" else 5 for name in PROFILES
    }
    behind = [q for q in protocol.questions("retinopathy", "quick") if q.design == "behind"]
    assert [(q.fix, q.before) for q in behind] == [
        ("frozen-batchnorm", ("learning-rate-1e-5",)),
        ("weight-average", ("learning-rate-1e-5", "frozen-batchnorm")),
    ]
    assert "frozen-batchnorm+learning-rate-1e-5" in protocol.recipes("retinopathy", "quick")


def test_the_witness_has_five_seeds_of_what_is_judged_and_two_of_the_rest():
    found = jobs.jobs_for("retinopathy", "synthetic", "witness", protocol.recipes(*WITNESS))
    seeds = {}
    for job in found:
        seeds.setdefault(job.label, []).append(job.seed)
    assert seeds == {
        "posted": [0, 1, 2, 3, 4],
        "weight-average-update-bn": [0, 1, 2, 3, 4],
        **dict.fromkeys(("frozen-batchnorm", "learning-rate-1e-5", "plateau"), [0, 1]),
        **dict.fromkeys(("weight-average", "frozen-batchnorm+learning-rate-1e-5"), [0, 1]),
    }
    judged = [q.fix for q in protocol.questions(*WITNESS) if q.judged and q.design == "single"]
    assert judged == ["weight-average-update-bn"]
    assert protocol.seeds("posted", "retinopathy", "quick", 8) == 8


def test_the_witness_is_the_posted_network_in_the_scale_models_training():
    this, scale = case(*WITNESS), case("retinopathy", "quick")
    assert this.spec == scale.spec and this.read
    changed = difference(scale.measured, this.measured)
    assert set(changed) == {
        *("backbone", "truncate_at", "kernel_scale", "pretrained_on", "precision", "epochs")
    }
    assert this.measured.backbone == "resnet50" and this.measured.truncate_at is None
    assert this.posted.early_stopping_patience == 5 and this.measured.batchnorm_momentum is None
    (job, *_) = jobs.jobs_for(
        *WITNESS[:1], "synthetic", "witness", ["posted"], pretrained_on="real-faces"
    )
    assert difference(this.measured, job.recipe).keys() == {"pretrained_on"}
    assert job.label == "posted-pretrained_on=real-faces"
    for profile, value in (("quick", "real-faces"), ("witness", "nothing"), ("witness", 3)):
        with pytest.raises(
            CourseError, match=f"pretrained_on={value!r} must be one of drawn-faces"
        ):
            case("retinopathy", profile, pretrained_on=value)
    for name, data in (("ferplus", "synthetic"), ("retinopathy", "real")):
        with pytest.raises(CourseError, match=f"case {name} has no profile 'witness' with {data}"):
            case(name, "witness", data)


def test_a_fix_that_the_posted_recipe_has_is_no_question(tmp_path):
    """With the backbone's own inputs as posted, that fix would compare runs with themselves."""
    keep(tmp_path, "posted", 0.2)
    assert verdicts.found("retinopathy", root=tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clipnorm+clipnorm", "'clipnorm' stands twice"),
        (
            "frozen-batchnorm+reestimated-batchnorm",
            "'frozen-batchnorm' and 'reestimated-batchnorm' both change batchnorm: choose one",
        ),
    ],
)
def test_two_fixes_of_one_field_are_refused(quickly, name, message):
    with pytest.raises(CourseError, match=message):
        protocol.fixes_of(name, "retinopathy")
    result = record("--fix", name)
    assert isinstance(result.exception, CourseError) and message in str(result.exception)
    assert not quickly


def test_a_fix_of_the_images_and_an_option_against_it_are_refused(quickly):
    result = record("--case", "ferplus", "--fix", "no-duplicates", "--images", "duplicates=true")
    assert "'no-duplicates' sets duplicates=False" in str(result.exception)
    assert not quickly


@pytest.mark.parametrize("name", CASES)
def test_an_answer_of_one_fix_is_asked_about_once(name):
    assert [fix.name for fix in protocol.steady_fixes(name)] == ["weight-average-update-bn"]
    assert {q.design for q in protocol.questions(name)} == {"single", "behind"}
    assert protocol.steady(case(name)).batchnorm == "reestimated"
