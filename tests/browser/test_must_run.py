"""Where the browser must be there, a test that is skipped is a test that fails."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.browser.conftest import MUST_RUN
from tlhelpers.core import paths


@pytest.mark.slow
@pytest.mark.parametrize("must_run", [False, True])
def test_without_a_browser(must_run, tmp_path):
    """No Chromium is on the path, and none of Playwright's own."""
    env = {name: value for name, value in os.environ.items() if name not in (MUST_RUN, "CHROMIUM")}
    env |= {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    env |= {MUST_RUN: "1"} if must_run else {}
    command = [sys.executable, "-m", "pytest", "-n", "0", "tests/browser/test_handout.py"]
    done = subprocess.run(command, cwd=paths.PROJECT, env=env, capture_output=True, text=True)
    assert done.returncode == (1 if must_run else 0), done.stdout
    assert ("is set, and this was skipped" in done.stdout) == must_run
    assert ("skipped in " in done.stdout) != must_run
