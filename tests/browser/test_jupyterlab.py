"""The pages where they are read: JupyterLab, opened in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from tlhelpers.core import paths

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PAGE = "00_start_here.ipynb"
TOKEN = "secret"
MINUTES = 60_000  # of Playwright's milliseconds

# Nothing is fetched, no question pops up, and all cells are in the page.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}

TRAINING = """
import tlhelpers as tl
case = tl.study("retinopathy", "smoke").case
recipe = case.measured.but(epochs=400, learning_rate=2e-4)
run = case.run(recipe, seeds=1, live=True)[0]
print("epochs:", len(run.history["loss"]))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a folder with page 00 and a notebook that trains; its address."""
    home = tmp_path_factory.mktemp("lab")
    pages = home / "pages"
    pages.mkdir()
    shutil.copy(paths.NOTEBOOKS / PAGE, pages)
    training = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(TRAINING.strip())],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(training, pages / "training.ipynb")
    for name, setting in SETTINGS.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(setting), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **{name: value for name, value in os.environ.items() if name != "TLHELPERS_PROGRESS"},
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "TLHELPERS_BUILD": str(home / "build"),
        "PYTHONPATH": str(paths.PROJECT),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={pages}", "--ServerApp.port_retries=0"]
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, (home / "log").read_text(encoding="utf-8")
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def opened(chromium, lab):
    """A function that opens a notebook and returns the browser's page when its kernel is idle."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})

    def open_(name):
        page = context.new_page()
        # A workspace of its own: JupyterLab opens what the last one had open beside it.
        workspace = name.partition(".")[0]
        page.goto(f"{lab}/lab/workspaces/{workspace}/tree/{name}?token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=2 * MINUTES)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=2 * MINUTES)
        page.wait_for_timeout(2000)  # the page's own connection to the kernel comes a little later
        return page

    yield open_
    context.close()


def menu(page, name, item):
    page.get_by_role("menubar").get_by_text(name, exact=True).click()
    page.locator(".lm-Menu").get_by_text(item, exact=True).click()


def wait_until_run(page, minutes):
    """Until no cell waits or runs."""
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".some(prompt => prompt.textContent.includes('*'))",
        timeout=minutes * MINUTES,
    )


def write(page, cell, code):
    """Replace what a cell says, and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def test_page_00_runs_to_its_end_and_its_exercise_answers(opened):
    page = opened(PAGE)
    menu(page, "Edit", "Clear Outputs of All Cells")
    assert page.locator(".jp-RenderedImage img").count() == 0
    menu(page, "Run", "Run All Cells")
    page.wait_for_selector(".widget-hprogress", timeout=4 * MINUTES)  # somebody sees it move
    wait_until_run(page, 5)
    assert (
        page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']").count()
        == 0
    )
    figures = page.locator(".jp-RenderedImage img")
    assert figures.count() >= 1
    for i in range(figures.count()):
        box = figures.nth(i).evaluate("image => [image.naturalWidth, image.complete, image.alt]")
        assert box[0] > 400 and box[1]
    assert page.locator(".tld h2").count() == 1  # the doctor's report, in place
    assert page.locator(".tld svg").count() >= 1

    exercise = page.locator(".jp-CodeCell", has_text="tl.check(").last
    assert "not" in exercise.locator(".jp-OutputArea").inner_text().lower()
    write(page, exercise, 'tl.check("00-which", "b")')
    exercise.get_by_text("If the weights jumped").wait_for(timeout=MINUTES)
    write(page, exercise, 'tl.check("00-which", "a")')
    exercise.get_by_text("Blue stays low").wait_for(timeout=MINUTES)


def test_an_interrupted_training_goes_on(opened):
    page = opened("training.ipynb")
    menu(page, "Run", "Run All Cells")
    page.wait_for_selector(".widget-hprogress", timeout=2 * MINUTES)
    before = epoch_of(page)
    menu(page, "Kernel", "Interrupt Kernel")
    wait_until_run(page, 1)
    text = page.locator(".jp-OutputArea").inner_text()
    assert "KeyboardInterrupt" in text, text
    menu(page, "Run", "Run All Cells")
    assert (
        epoch_of(page) > before
    )  # the first epoch that it shows comes behind those that were done
    menu(page, "Kernel", "Interrupt Kernel")
    wait_until_run(page, 1)


def epoch_of(page):
    """The first epoch from the second on that the bar shows."""
    shown = re.compile(r"epoch=([2-9]|\d\d)")
    page.get_by_text(shown).first.wait_for(timeout=3 * MINUTES)
    return int(re.search(r"epoch=(\d+)", page.locator(".jp-OutputArea").inner_text())[1])
