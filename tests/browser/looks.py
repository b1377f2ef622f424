"""HTML as somebody reads it without the internet: what a browser and axe complain of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def offline(browser, width: int, height: int) -> Iterator:
    """A page without a network; errors, and whatever it fetches from elsewhere, fail at the end.

    Yields
    ------
    playwright.sync_api.Page
    """
    complaints: list[str] = []

    def said(message) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def asked(request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            complaints.append(f"fetches {request.url}")

    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    page = context.new_page()
    page.on("console", said)
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.on("request", asked)
    page.on("requestfailed", lambda request: complaints.append(f"fails to get {request.url}"))
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


def violations(page) -> list[str]:
    """What axe finds on a page that is serious, or worse; colors that it cannot see count, too."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not there")
    # Preloading, it would fetch style sheets once more, which a file may not.
    found = axe.Axe().run(page, options={"preload": False}).response
    bad = [
        (each["id"], node["html"])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    bad += [
        (f"{each['id']} unknown", node["html"])
        for each in found["incomplete"]
        for node in each["nodes"]
        if any("overlapped" in why["message"] for why in node["any"])
    ]
    return [f"{name}: {code[:200]}" for name, code in bad]
