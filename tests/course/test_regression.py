"""`tlhelpers check`: what was unsteady must stay so, and what helped must go on helping."""

import collections
import contextlib
import dataclasses
from types import MappingProxyType
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from tests import machines
from tests.schemas import held
from tlhelpers.cli import app
from tlhelpers.core.errors import CourseError
from tlhelpers.course import regression, side_by_side
from tlhelpers.experiment import fixes, protocol
from tlhelpers.experiment.cases import Case, case
from tlhelpers.experiment.fixes import fix
from tlhelpers.training.run import Experiment


def replayed(this, recipe, seed):
    """A run as it was recorded: what unchanged code gives on the same machine."""
    found = this.find(recipe, seed)
    assert found is not None, (recipe, seed)
    return found


def by_name(outcomes):
    return {outcome.name: outcome for outcome in outcomes}


# --- mechanisms --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built():
    """A case, which keeps the networks of its latest two recipes."""
    return case("retinopathy", "smoke")


@pytest.fixture
def retina(built, monkeypatch):
    """The case's networks are built once for all tests that need them."""
    monkeypatch.setattr(regression, "case", lambda *_: built)


def test_without_its_change_a_mechanism_fails(retina, monkeypatch):
    name = "frozen-batchnorm"
    changed = dataclasses.replace(fix(name), change=MappingProxyType({}))
    monkeypatch.setitem(fixes.FIXES, name, changed)
    found = by_name(regression.mechanisms("retinopathy", [name]))
    outcome = found[f"retinopathy {name} mechanism"]
    assert outcome.status == "failed" and "no longer makes it work" in outcome.found


def test_a_keras_that_honours_the_flag_is_told_in_words(retina, monkeypatch):
    """As if training=False froze BatchNorm one day."""
    frozen = MappingProxyType({"batchnorm": "frozen"})
    changed = dataclasses.replace(fix("training-false"), change=frozen)
    monkeypatch.setitem(fixes.FIXES, "training-false", changed)
    found = by_name(regression.mechanisms("retinopathy", ["training-false"]))
    outcome = found["retinopathy training-false mechanism"]
    assert outcome.status == "failed"
    assert "used to do nothing and does something now: Keras has changed" in outcome.found


def test_mechanisms_of_a_case(retina):
    """All fixes' checks, both ways, are in test_fixes.py; here is what is made of them."""
    found = by_name(regression.mechanisms("retinopathy", ["frozen-batchnorm", "training-false"]))
    assert list(found) == [
        f"retinopathy {name} mechanism" for name in ("posted", "frozen-batchnorm", "training-false")
    ]
    assert {o.name: o.found for o in found.values() if o.status != "passed"} == {}
    assert "still not so that" in found["retinopathy training-false mechanism"].claim


# --- outcomes ----------------------------------------------------------------------------


# One thing that is checked of a case, and the new runs that it takes.
CHECKED = [
    ("ferplus", "learning-rate-1e-4", 1),
    ("ferplus", "reestimated-batchnorm", 2),
    ("retinopathy", "weight-average-update-bn", 2),
]


def outcomes(name, names=(), most=2, **options):
    return list(regression.outcomes(regression.plan(name, names, most), **options))


@pytest.mark.parametrize(("name", "one", "runs"), CHECKED)
def test_a_check_takes_as_few_runs_as_can_tell(name, one, runs):
    _, plan = regression.plan(name, [one])
    assert plan.target.runs == runs
    _, plan = regression.plan(name, [one], most=5)
    assert plan.target.runs == runs
    if runs > 1:
        _, plan = regression.plan(name, [one], most=runs - 1)
        assert plan.target is None and f"--runs {runs} would do" in plan.why_not


@pytest.mark.parametrize("name", ["ferplus", "retinopathy"])
def test_trainings_are_counted_beforehand(name):
    plans, made = regression.plan(name), []

    def counted(this, recipe, seed):
        made.append((this.spec, recipe, seed))
        return replayed(this, recipe, seed)

    assert list(regression.outcomes(plans, train=counted))
    count, seconds = regression.trainings(plans)
    assert count == len(made) == len(set(made)) > 0
    # What processes begin beforehand is what is wanted, in that order.
    tries = regression.first_tries(plans)
    assert [(plan.case.spec, plan.recipe, seed) for plan, seed in tries] == made
    recorded = [sum(replayed(case(name), plans[0].recipe, s).history["seconds"]) for s in range(8)]
    # Recipes need about the same time, and all that is trained is counted.
    assert 0.4 < seconds / (count * np.median(recorded)) < 2.5


def test_the_usual_checks_are_few_and_all_of_them_can_be_made():
    """The posted recipes and the answers of both cases; as strict as if all were checked."""
    count = 0
    for name in ("ferplus", "retinopathy"):
        usual = regression.plan(name, regression.USUAL[name])
        assert [plan.fixes for plan in usual] == [(), *((fix,) for fix in _in_order(name))]
        everything = {plan.name: plan for plan in regression.plan(name)}
        for plan in usual:
            assert plan.target == everything[plan.name].target is not None
            assert plan.again == everything[plan.name].again is not None
        assert set(protocol.of("quick").steady[name]) <= set(regression.USUAL[name])
        count += regression.trainings(usual)[0]
    assert count <= 8  # about 600 s of one core: 4 of the retina, 4 of the faces


def _in_order(name):
    return [one for one in fixes.FIXES if one in regression.USUAL[name]]


def test_unchanged_code_passes_with_any_seed(monkeypatch):
    """Each recorded seed as a new run, held against the recordings of the seven others."""
    passed = collections.Counter()
    for seed in range(8):
        others = [other for other in range(8) if other != seed]

        def recorded(this, recipe, committed, others=others):
            return Experiment(recipe, tuple(replayed(this, recipe, other) for other in others))

        monkeypatch.setattr(Case, "recorded", recorded)
        fixes_with_one_run = ["learning-rate-1e-4", "warmup-cosine", "weight-average-update-bn"]
        found = outcomes("ferplus", fixes_with_one_run, 1, first_seed=seed, train=replayed)
        assert {o.name for o in found if o.status == "failed"} == set()
        passed.update(o.name for o in found if o.status == "passed")
    assert len(passed) == 3 and min(passed.values()) >= 6, passed


@pytest.mark.parametrize("name", ["ferplus", "retinopathy"])
def test_everything_that_is_said_to_be_checked_is_checked(name):
    wanted = {f"{case_name} {one} outcome" for case_name, one, _ in CHECKED if case_name == name}
    assert wanted <= {o.name for o in outcomes(name, train=replayed) if o.status == "passed"}


def test_a_new_run_that_diverges_fails_and_the_others_go_on():
    recipe = fix("reestimated-batchnorm").apply(case("ferplus").measured)

    def diverging(this, changed, seed):
        run = replayed(this, changed, seed)
        if changed != recipe:
            return run
        losses = run.history["val_nll"]
        return dataclasses.replace(
            run, history=run.history | {"val_nll": [*losses[:3], *[float("nan")] * 7]}
        )

    names = ["learning-rate-1e-4", "reestimated-batchnorm", "weight-average-update-bn"]
    found = by_name(outcomes("ferplus", names, train=diverging))
    broken = found.pop("ferplus reestimated-batchnorm outcome")
    assert broken.status == "failed" and broken.found.startswith("seed 0 diverged in epoch 4; ")
    assert {outcome.status for outcome in found.values()} == {"passed"}


def test_a_check_leaves_no_state_that_the_next_would_take_for_its_own_run(build_folder):
    def train(this, recipe, seed):
        kept = this.unfinished(recipe, seed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch()
        return replayed(this, recipe, seed)

    assert outcomes("ferplus", ["reestimated-batchnorm"], train=train)
    assert not list(build_folder.rglob("*.npz"))


@pytest.mark.parametrize("name", ["ferplus", "retinopathy"])
def test_without_its_change_a_helping_fix_fails(name):
    """Mutation: training ignores what the fix changes, so both sides are as posted."""
    posted = case(name).measured

    def mutated(this, recipe, seed):
        return replayed(case(name), posted, seed)

    whole = by_name(outcomes(name, train=replayed))
    checked = {o for o in whole if whole[o].status == "passed"} - {f"{name} posted outcome"}
    assert {
        f"{case_name} {one} outcome" for case_name, one, _ in CHECKED if case_name == name
    } <= checked
    broken = by_name(outcomes(name, train=mutated))
    assert {o for o in broken if broken[o].status == "failed"} == checked


def test_what_fails_is_tried_once_more_with_further_seeds():
    """Bad luck of one seed is no failure; what is broken fails with the further seeds, too."""
    recipe = fix("learning-rate-1e-4").apply(case("ferplus").measured)
    posted, made = case("ferplus").measured, []

    def unlucky(this, changed, seed):
        made.append((changed == posted, seed))
        return replayed(this, posted if changed == recipe and seed == 3 else changed, seed)

    plans = regression.plan("ferplus", ["learning-rate-1e-4"])
    found = by_name(regression.outcomes(plans, 3, unlucky))["ferplus learning-rate-1e-4 outcome"]
    assert found.status == "passed" and "once more, from seed 4 on: −0." in found.found
    assert sorted(made) == [(False, 3), (False, 4), (False, 5), (True, 3), (True, 4), (True, 5)]


@pytest.mark.parametrize("name", ["ferplus", "retinopathy"])
def test_a_posted_run_that_is_steady_fails(name):
    """As if the trouble had gone: every run is the answer's."""
    steady = protocol.steady(case(name))

    def cured(this, recipe, seed):
        return replayed(case(name), steady, seed)

    found = by_name(outcomes(name, ["weight-average-update-bn"], train=cured))
    assert found[f"{name} posted outcome"].status == "failed"
    assert "recorded +0." in found[f"{name} posted outcome"].found


def test_what_is_too_close_to_its_noise_is_not_checked_and_said():
    found = by_name(outcomes("retinopathy", ["plateau"], most=1, train=replayed))
    outcome = found["retinopathy plateau outcome"]
    assert outcome.status == "not checked"
    too_close = "the effect lies too close to its noise for 1 new run"
    assert outcome.found == f"{too_close}, and 16 would not do"
    found = by_name(outcomes("ferplus", ["reestimated-batchnorm"], most=1, train=replayed))
    outcome = found["ferplus reestimated-batchnorm outcome"]
    assert outcome.found == f"{too_close}; --runs 2 would do"


def test_a_damaged_recording_is_not_taken_for_a_missing_one(monkeypatch):
    find = Case.find

    def damaged(self, recipe, *rest, **options):
        if recipe == fix("frozen-batchnorm").apply(self.measured):
            raise CourseError("Damaged recording")
        return find(self, recipe, *rest, **options)

    monkeypatch.setattr(Case, "find", damaged)
    with pytest.raises(CourseError, match="Damaged recording"):
        regression.plan("ferplus", ["frozen-batchnorm"])


def test_recordings_of_another_backend_are_no_measure(monkeypatch):
    monkeypatch.setattr("tlhelpers.core.machine.versions", lambda: {"backend": "jax 1.0"})
    with pytest.raises(CourseError, match="recorded on tensorflow, and this is jax"):
        outcomes("ferplus", train=replayed)


def test_limit_by_hand():
    # Mean 3, standard deviation 1, four values, one new one: t of 3 at 0.99 is 4.541.
    values = np.array([2, 3, 3, 4]) * 1.0
    values = 3 + (values - 3) / values.std(ddof=1)
    assert regression._target(None, "jitter", values, 1) is None  # 4.5 · √1.25 > 3
    target = regression._target(None, "jitter", 10 * values - 10, 1)  # mean 20, spread 10: no
    assert target is None
    target = regression._target(None, "jitter", values / 100 - 1, 1)
    assert target.recorded == pytest.approx(-0.97)
    assert target.limit == pytest.approx(-0.97 + 0.01 * 4.5407 * np.sqrt(1.25), abs=1e-5)
    assert target.holds(-0.95) and not target.holds(-0.9) and target.holds(-5)


def test_more_runs_narrow_the_limit():
    values = -1 + np.linspace(-0.05, 0.05, 8)
    one, four = (regression._target(None, "jitter", values, runs) for runs in (1, 4))
    assert one.limit > four.limit > -1


# --- the command -------------------------------------------------------------------------


def check(*arguments):
    return CliRunner().invoke(app, ["check", *arguments])


def test_command_writes_json_and_junit_and_says_how_it_went(tmp_path, monkeypatch):
    outcome = regression.Outcome("a fix mechanism", "it stands still", "failed", "3 layers moved")
    monkeypatch.setattr(regression, "mechanisms", lambda *_: iter([outcome]))
    said = check("--case", "ferplus", "--no-outcomes", "--out", str(tmp_path))
    assert said.exit_code == 1
    assert "failed       a fix mechanism: it stands still" in said.output
    assert "3 layers moved" in said.output and "1 failed in" in said.output
    record = held("check", (tmp_path / "check.json").read_text(encoding="utf-8"))
    assert (
        record["selection"] == "chosen"
        and record["status"] == "failed"
        and record["versions"]["keras"].startswith("3.")
    )
    assert record["checks"] == [dataclasses.asdict(outcome)]
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("name") == "check" and suite.get("failures") == "1"
    assert "3 layers moved" in suite[0][0].get("message")


@pytest.mark.parametrize(("stop", "code"), [(SystemExit(137), 137), (KeyboardInterrupt(), 130)])
def test_a_check_that_is_stopped_keeps_what_it_found_and_passes_for_nothing(
    stop, code, tmp_path, monkeypatch
):
    outcome = regression.Outcome("a fix mechanism", "it stands still", "passed", "0 layers moved")

    def stopped(*_):
        yield outcome
        raise stop

    # What an earlier check left there.
    for name, text in {"check.json": '{"checks": []}', "junit.xml": "passed"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(regression, "mechanisms", stopped)
    arguments = ["--case", "ferplus", "--no-outcomes", "--out", str(tmp_path)]
    assert check(*arguments).exit_code == code
    record = held("check", (tmp_path / "check.json").read_text(encoding="utf-8"))
    assert record["status"] == "interrupted"
    assert record["checks"] == [dataclasses.asdict(outcome)]
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")


@pytest.mark.parametrize(
    ("arguments", "names", "selection"),
    [
        ([], regression.USUAL["ferplus"], "chosen"),
        (["--all"], (), "all"),
        (["--fix", "warmup-cosine"], ["warmup-cosine"], "chosen"),
    ],
)
def test_which_outcomes_are_checked(arguments, names, selection, tmp_path, monkeypatch):
    asked = []

    def plan(name, its, runs):
        asked.append((name, its, runs))
        return []

    monkeypatch.setattr(regression, "plan", plan)
    monkeypatch.setattr(regression, "mechanisms", lambda *_: iter(()))
    said = check("--case", "ferplus", "--out", str(tmp_path), *arguments)
    assert said.exit_code == 0, said.output
    assert asked == [("ferplus", names, 2)]
    assert (
        held("check", (tmp_path / "check.json").read_text(encoding="utf-8"))["selection"]
        == selection
    )


def test_trainings_are_made_by_the_processes_and_compared(tmp_path, monkeypatch):
    """The pool replaced by replay: what the command does with it."""
    asked = []

    @contextlib.contextmanager
    def trainer(plans, first_seed, jobs):
        asked.append((len(plans), first_seed, jobs))
        yield replayed

    monkeypatch.setattr(side_by_side, "trainer", trainer)
    monkeypatch.setattr(regression, "mechanisms", lambda *_: iter(()))
    said = check("--first-seed", "1", "--jobs", "3", "--out", str(tmp_path))
    assert said.exit_code == 0, said.output
    assert asked == [(5, 1, 3)] and "8 trainings, 3 at a time" in said.output
    record = held("check", (tmp_path / "check.json").read_text(encoding="utf-8"))
    assert record["selection"] == "usual"
    assert {one["status"] for one in record["checks"]} == {"passed"}


@pytest.mark.slow
def test_a_process_of_its_own_makes_the_same_run(build_folder):
    this = case("ferplus", "smoke")
    target = regression.Target(None, "jitter", 1.0, 0.5, 1)
    plan = regression.Plan("a", "b", this, this.measured, target, target, "")
    with side_by_side.trainer([plan], 5, 2) as train:
        run = train(this, this.measured, 5)
    here = regression.train_here(this, this.measured, 5)
    assert run.seed == 5 and run.recipe == this.measured
    # Threads may change the last digits.
    assert np.allclose(run.curve("val_nll")[:1], here.curve("val_nll")[:1], rtol=0.05)
    assert not list(build_folder.rglob("*.npz"))


def test_a_fix_of_one_case_is_enough(tmp_path, monkeypatch):
    """Of two cases; main makes exit code 2 of what the next test raises."""
    seen = []
    monkeypatch.setattr(regression, "mechanisms", lambda name, _: iter(seen.append(name) or ()))
    arguments = ["--fix", "size-48", "--no-outcomes", "--out", str(tmp_path)]
    assert check(*arguments).exit_code == 0
    assert check("--case", "ferplus", *arguments).exit_code == 0
    assert seen == ["ferplus", "ferplus"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fix", "magic"], "Unknown fix 'magic'"),
        (["--fix", "clipnorm", "--all"], "--all is every fix, and --fix names some"),
        (["--case", "faces"], "Unknown case 'faces'"),
        (
            ["--case", "retinopathy", "--fix", "clipnorm", "--fix", "size-48", "--no-outcomes"],
            "'size-48' is no fix for retinopathy, but for ferplus.",
        ),
        (
            ["--no-outcomes", "--out", str(machines.NO_FOLDER)],
            f"{machines.NO_FOLDER.parent} is a file: choose a new folder with --out.",
        ),
    ],
)
def test_command_refuses_unknown_names_before_any_work(arguments, message):
    result = check(*arguments)
    assert isinstance(result.exception, CourseError) and message in str(result.exception)
