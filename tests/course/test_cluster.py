"""Runs and pages on a Dask cluster: two worker processes on this machine."""

import asyncio
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests import machines
from tests.course.tiny_pages import command, notebook
from tests.experiment.test_recordings import made_up
from tests.schemas import held
from tlhelpers.cli import app
from tlhelpers.core import machine, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import cluster, report, runner
from tlhelpers.experiment import jobs as its_jobs
from tlhelpers.experiment.cases.base import Case

distributed = pytest.importorskip("distributed", reason='pip install -e ".[dask]"')

QUIET = "127.0.0.1:0"  # no dashboard without bokeh, and no warning that its port is taken


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """This machine may be busy."""
    monkeypatch.setattr(cluster, "PATIENCE", 120)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Address of a cluster as others run them: each worker has several threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLHELPERS_BUILD", str(tmp_path_factory.mktemp("workers")))
        patch.setenv("TLHELPERS_DATA", str(tmp_path_factory.mktemp("no images")))
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=4,
            processes=True,
            dashboard_address=QUIET,
            memory_limit=0,
            silence_logs="CRITICAL",
        ) as found:
            yield found.scheduler_address


@pytest.fixture
def client(scheduler):
    with cluster.connect(scheduler) as found:
        found.wait_for_workers(2)  # the test before may have killed one
        yield found


@pytest.fixture
def root(tmp_path, monkeypatch, build_folder):
    """A folder of recordings in place of the project's."""
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path / "recordings")
    return paths.RECORDINGS


def jobs(seeds, names=("posted",), data="synthetic"):
    return its_jobs.jobs_for("retinopathy", data, "smoke", names, range(seeds))


def record(scheduler, *arguments):
    return CliRunner().invoke(
        app, ["record", "--profile", "smoke", "--scheduler", scheduler, *arguments]
    )


def fail(job, problem):
    pytest.fail(f"{job}: {problem}")


def is_idle(client, seconds=120):
    """Whether no worker is at work any more, soon."""
    ends = time.monotonic() + seconds
    while any(client.run(lambda dask_worker: dask_worker.state.executing_count).values()):
        if time.monotonic() > ends:
            return False
        time.sleep(0.1)
    return True


def test_it_connects_from_a_notebook_as_well(scheduler):
    """There an event loop runs already, in the thread of every cell."""

    async def cell():
        with cluster.connect(scheduler) as found:
            return len(found.scheduler_info()["workers"])

    assert asyncio.run(cell()) > 0


# Runs


@pytest.mark.slow
def test_runs_are_the_same_as_without_a_cluster(client, root, tmp_path):
    def kept(folder):
        found = {}
        for file in sorted(folder.rglob("*.json")):
            fields = json.loads(file.read_text(encoding="utf-8"))
            del fields["history"]["seconds"], fields["about"]["date"]
            found[file.relative_to(folder)] = json.dumps(fields)
        return found

    wanted = jobs(3)
    made = list(its_jobs.record(wanted, fail, train=partial(cluster.train, client)))
    assert sorted(job.seed for job in made) == [0, 1, 2]
    assert len(list(its_jobs.record(wanted, fail, tmp_path / "here"))) == 3
    assert kept(root) == kept(tmp_path / "here")


def test_missing_images_are_told_with_the_worker_that_lacks_them(client, scheduler, root):
    said = record(scheduler, "--data", "real", "--fix", "posted", "--seeds", "1")
    assert said.exit_code == 1 and "0 new runs, 1 failed:" in said.output
    (line,) = (line for line in said.output.splitlines() if line.startswith("posted, seed 0:"))
    assert "prepare_eyepacs.py" in line
    assert any(line.endswith(f"(worker {worker})") for worker in client.nthreads())


class Pretend(distributed.WorkerPlugin):
    """Replaces training in every worker, also in one that is started anew."""

    def __init__(self, folder, train):
        self.folder, self.train = folder, train

    def setup(self, worker):
        self.real = Case.train

        def train(this, recipe, seed, on_epoch):
            with (self.folder / "log").open("a", encoding="utf-8") as log:
                log.write(f"{seed} {os.getpid()}\n")
            self.train(self.folder, seed, on_epoch)
            return made_up(recipe, seed, 0.1, this)

        Case.train = train

    def teardown(self, worker):
        Case.train = self.real


@pytest.fixture
def pretend(client, tmp_path):
    """A function that has the workers pretend to train, and one that says what they began."""

    def begin(train):
        client.register_plugin(Pretend(tmp_path, train), name="pretend")
        return lambda: [
            tuple(map(int, line.split()))
            for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()
        ]

    yield begin
    client.unregister_worker_plugin("pretend")


def hang_once(folder, seed, on_epoch):
    if seed == 0 and not (folder / "hung").exists():
        (folder / "hung").touch()
        time.sleep(3600)


def test_a_killed_worker_loses_no_finished_run(client, root, pretend):
    began = pretend(hang_once)
    running = its_jobs.record(jobs(6), fail, train=partial(cluster.train, client))
    first = [next(running) for _ in range(4)]  # by the other worker
    finished = {p: p.stat().st_mtime_ns for p in root.rglob("seed-*.json")}
    assert len(finished) == 4 and all(job.recorded(root) for job in first)
    os.kill(next(pid for seed, pid in began() if seed == 0), machines.KILL)
    rest = list(running)
    assert sorted(job.seed for job in first + rest) == list(range(6))
    assert all(job.recorded(root) for job in jobs(6))
    assert {p: p.stat().st_mtime_ns for p in finished} == finished
    assert sorted(seed for seed, _ in began()) == [0, 0, 1, 2, 3, 4, 5]


def leave_state(folder, seed, on_epoch):
    kept = paths.build() / "unfinished" / (folder / str(seed)).read_text(encoding="utf-8")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    (folder / f"{seed} kept").write_text(str(kept), encoding="utf-8")


def test_a_worker_forgets_the_state_of_a_run_that_is_saved(client, root, tmp_path, pretend):
    pretend(leave_state)
    wanted = jobs(2)
    for job in wanted:
        (tmp_path / str(job.seed)).write_text(
            job.case.unfinished(job.recipe, job.seed).name, encoding="utf-8"
        )
    assert len(list(its_jobs.record(wanted, fail, train=partial(cluster.train, client)))) == 2
    kept = [Path((tmp_path / f"{job.seed} kept").read_text(encoding="utf-8")) for job in wanted]
    assert not any(path.exists() for path in kept)


def take_long(folder, seed, on_epoch):
    for _ in range(36_000 if seed else 1):
        time.sleep(0.1)
        on_epoch({})


def test_a_stopped_client_keeps_what_is_finished_and_frees_the_workers(client, root, pretend):
    pretend(take_long)
    running = its_jobs.record(jobs(4), fail, train=partial(cluster.train, client))
    assert next(running).seed == 0
    running.close()
    assert [job.seed for job in jobs(4) if job.recorded(root)] == [0]
    assert is_idle(client)


def one_worker_lacks_something(folder, seed, on_epoch):
    mine = folder / "poor" / str(os.getpid())
    try:
        (folder / "poor").mkdir()
        mine.touch()
    except FileExistsError:
        time.sleep(0.3)
    if mine.exists():
        raise CourseError("no images here")


def test_what_one_worker_lacks_another_may_have(client, root, pretend):
    began = pretend(one_worker_lacks_something)
    made = list(its_jobs.record(jobs(4), fail, train=partial(cluster.train, client)))
    assert len(made) == 4
    assert len({pid for _, pid in began()}) == 2


def break_one(folder, seed, on_epoch):
    if seed == 1:
        raise ValueError("seed 1 is\nunlucky")


def test_a_run_that_fails_does_not_stop_the_others(scheduler, root, pretend):
    began = pretend(break_one)
    said = record(scheduler, "--fix", "posted", "--seeds", "4")
    assert said.exit_code == 1
    assert "posted, seed 1: ValueError: seed 1 is unlucky (worker tcp://" in said.output
    assert "3 new runs, 1 failed:" in said.output and "left" not in said.output
    assert [job.seed for job in jobs(4) if job.recorded(root)] == [0, 2, 3]
    assert len(began()) == 4


def die(folder, seed, on_epoch):
    if seed == 1:
        os.kill(os.getpid(), machines.KILL)


def test_a_run_that_kills_its_workers_is_given_up(client, root, pretend, monkeypatch):
    monkeypatch.setattr("tlhelpers.course.dispatch._DEATHS", 2)
    began, told = pretend(die), []
    made = list(
        its_jobs.record(jobs(3), lambda *it: told.append(it), train=partial(cluster.train, client))
    )
    assert sorted(job.seed for job in made) == [0, 2]
    ((job, problem),) = told
    assert job.seed == 1 and "2 workers died" in problem
    assert [seed for seed, _ in began()].count(1) == 2


def test_workers_stay_with_an_architecture():
    def task(name, kind, **fields):
        return cluster.Task(name, print, (), kind, **fields)

    from tlhelpers.course.dispatch import _next

    waiting = [task("a", 1), task("b", 2), task("c", 1), task("d", 3)]
    assert _next(waiting, "w", {}).item == "a"
    assert _next(waiting, "w", {"w": 2, "v": 1}).item == "b"
    assert _next(waiting, "w", {"v": 1}).item == "b"
    assert _next(waiting[::2], "w", {"v": 1}).item == "a"
    assert _next([task("a", 1, refused={"w": "why"})], "w", {}) is None


# Pages


def test_pages_are_reported_as_without_a_cluster(client, tmp_path, capsys):
    notebooks = [
        notebook(tmp_path, "01_bad", "print(profile)", "assert profile == 'quick', 'no'"),
        notebook(tmp_path, "02_other", "print(1)", parameters="size = 1"),
    ]

    def executed(name, **options):
        results = runner.run(notebooks, tmp_path / name, {"profile": "smoke"}, 2, **options)
        written = held("report", (tmp_path / name / "report.json").read_text(encoding="utf-8"))
        assert [report.PageResult(**page) for page in written["pages"]] == results
        files = {p.name for p in (tmp_path / name).iterdir()}
        return [(r.name, r.title, r.status, r.problem) for r in results], files

    lines = runner.Lines()
    execute = partial(cluster.execute, client)
    assert executed("there", execute=execute, on_progress=lines) == executed("here")
    assert "smoke" in (tmp_path / "there" / "01_bad.html").read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert "01_bad started" in said and "01_bad failed in" in said


def test_ctrl_c_stops_pages_on_their_workers(client, tmp_path):
    began = tmp_path / "began"
    slow = f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(3600)"
    pages = [notebook(tmp_path, name, slow) for name in ("00_a", "01_b", "02_c")]

    def interrupt(_):
        if began.exists():
            raise KeyboardInterrupt

    execute = partial(cluster.execute, client)
    results = runner.run(pages, tmp_path / "out", {}, 2, on_progress=interrupt, execute=execute)
    assert [r.status for r in results] == ["interrupted", "interrupted", "not run"]
    assert (
        json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["status"]
        == "interrupted"
    )
    assert is_idle(client)


def test_run_command_with_a_scheduler(course, monkeypatch, scheduler, tmp_path, capsys):
    notebook(course, "00_a")
    assert command(monkeypatch, "run", "--scheduler", scheduler, "--out", tmp_path / "out") == 0
    assert "1 of 1 page passed" in capsys.readouterr().out
    about = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert about["device"] == "2 workers of a cluster"
    assert command(monkeypatch, "run", "--scheduler", scheduler, "--jobs", "2") == 2
    assert "--jobs is for one machine" in capsys.readouterr().err


# The cluster


def test_nobody_at_the_address(monkeypatch, root, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    arguments = ("--profile", "smoke", "--scheduler", "tcp://127.0.0.1:9")
    assert command(monkeypatch, "record", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("tlhelpers: No Dask scheduler answers at tcp://127.0.0.1:9")
    assert error.count("\n") == 1


def test_a_scheduler_without_workers(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=QUIET) as empty,
        pytest.raises(CourseError, match="has no workers: start one .* `dask worker tcp://"),
        cluster.connect(empty.scheduler_address),
    ):
        pass


def test_workers_must_have_the_same_backend(monkeypatch, scheduler):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with (
        pytest.raises(CourseError, match=r"Worker tcp.* has backend tensorflow .*, this machine"),
        cluster.connect(scheduler),
    ):
        pass


def test_dask_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CourseError, match="--scheduler needs Dask"), cluster.connect("local"):
        pass


def test_each_local_worker_sees_its_own_gpu(monkeypatch):
    def seen():
        return os.environ.get("CUDA_VISIBLE_DEVICES"), "tensorflow" in sys.modules

    monkeypatch.setattr(machine, "gpus", lambda: ["3", "5"])
    with cluster.connect("local") as client:
        assert sorted(client.run(seen).values()) == [("3", False), ("5", False)]
        assert set(client.nthreads().values()) == {1}


@machines.posix  # a tool of two lines of shell
def test_gpus_of_this_machine(monkeypatch, tmp_path):
    for named, found in (("", []), ("-1", []), ("0, 2", ["0", "2"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert machine.gpus() == found
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpus() == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 0\necho 1\n", encoding="utf-8")
    tool.chmod(0o755)
    assert machine.gpus() == ["0", "1"]
