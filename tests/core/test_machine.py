"""What the machine has."""

from tlhelpers.core import machine


def test_the_memory_of_a_container_counts(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_CGROUP_LIMITS", (tmp_path / "none", limit))
    limit.write_text("max\n", encoding="utf-8")
    whole = machine.memory_gb()
    limit.write_text("1073741824\n", encoding="utf-8")
    assert machine.memory_gb() == 2**30 / 1e9 < whole


def test_the_version_of_the_first_that_is_there():
    assert machine.installed_version("no-such-package", "numpy")[0].isdigit()
    assert machine.installed_version("no-such-package") == "not installed"
