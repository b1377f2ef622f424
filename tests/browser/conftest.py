"""Chromium: Playwright's own where it was fetched, else the system's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

MUST_RUN = "BROWSER_TESTS_MUST_RUN"
"""Environment variable: a test that would be skipped fails, for a machine that has a browser."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if os.environ.get(MUST_RUN) and report.skipped and not hasattr(report, "wasxfail"):
        *_, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{MUST_RUN} is set, and this was skipped: {reason}"
    return report


@pytest.fixture(scope="session")
def chromium():
    """A browser without a window; skips where Playwright or Chromium is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason='pip install -e ".[browser]"')
    with sync_api.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        names = ("chromium", "chromium-browser", "google-chrome")
        of_the_system = next(filter(None, map(shutil.which, names)), None)
        program = os.environ.get("CHROMIUM") or (own if own.exists() else of_the_system)
        if program is None:
            pytest.skip("no Chromium: apt install chromium, or name one in CHROMIUM")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
