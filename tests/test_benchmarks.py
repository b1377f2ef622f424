"""Benchmarks run, in small, and print their ratios.

Numbers mean nothing at this size: nothing here looks at them.
"""

import os
import re
import subprocess
import sys

import pytest

from tlhelpers.core import paths

pytestmark = pytest.mark.nightly


def test_pipeline():
    small = ["--profile", "smoke", "--train", "96", "--epochs", "1", "--precision", "float32"]
    done = subprocess.run(
        [sys.executable, "benchmarks/pipeline.py", *small],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env={**os.environ, "TLHELPERS_PROGRESS": "0"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for way in ("real input", "on the device"):
        assert re.search(rf"^float32 +{way} +[\d.]+ ms a step", done.stdout, re.M)
    assert re.search(r"^float32: on the device / real input, ratio [\d.]+", done.stdout, re.M)


def test_epoch():
    done = subprocess.run(
        [sys.executable, "benchmarks/epoch.py", "--profile", "smoke", "--repeats", "1"],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env={**os.environ, "TLHELPERS_PROGRESS": "0"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"^  \d+ training steps +[\d.]+ s$", done.stdout, re.M)
    assert re.search(r"^whole backbone / as recorded, ratio [\d.]+$", done.stdout, re.M)


def test_memory():
    """Without what only POSIX systems know: its numbers are there on all of them."""
    small = ["--profile", "smoke", "--epochs", "1", "--pairs", "1"]
    done = subprocess.run(
        [sys.executable, "benchmarks/memory.py", *small],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env={**os.environ, "TLHELPERS_PROGRESS": "0"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    costs = re.findall(r"^(\w[\w ]+?)  +[\d.]+ s, .*, ([\d.]+) GB at most$", done.stdout, re.M)
    assert [way for way, _ in costs] == ["kept", "given back"]
    assert all(0.1 < float(most) < 100 for _, most in costs)
    assert re.search(r"^given back against kept: ratio [\d.]+$", done.stdout, re.M)


def test_doctor():
    small = ["--steps", "8", "--epochs", "1", "--turns", "1", "--size", "16", "--width", "8"]
    done = subprocess.run(
        [sys.executable, "benchmarks/doctor.py", *small],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"^ +[\d.]+ s without, .* the doctor says [\d.]+ %$", done.stdout, re.M)
    assert re.search(r"^median ratio [\d.]+: 1 epochs of 8 steps$", done.stdout, re.M)
