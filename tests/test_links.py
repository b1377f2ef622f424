"""The nightly look at links out of the site, against a server of the test."""

from __future__ import annotations

import http.server
import importlib.util
import threading

import pytest

from tlhelpers.core import paths


@pytest.fixture
def links(monkeypatch):
    spec = importlib.util.spec_from_file_location("links", paths.PROJECT / ".ci" / "links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    monkeypatch.setattr(module, "PAUSE", 0)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return module


@pytest.fixture
def server():
    """A server that answers with the code that is asked for; its address, and what was asked."""
    asked, over = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            first = asked.count(self.path) == 1
            if self.path == "/slow":
                over.wait()
            code = {"/once": 503 if first else 200, "/slow": 200}.get(self.path)
            self.send_response(code or int(self.path[1:]))
            self.end_headers()

        def log_message(self, *said):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}", asked
    over.set()
    made.shutdown()


def site(folder, *addresses):
    """A site with a page that has these links."""
    anchors = "".join(f'<a class="external" href="{address}">x</a>' for address in addresses)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "a.html").write_text(f"<p>{anchors}</p>", encoding="utf-8")
    return str(folder)


def test_what_is_gone_fails_the_night_and_what_is_slow_does_not(links, server, tmp_path, capsys):
    at, asked = server
    there = ["/200", "/200#part", "/once", "/403", "/500", "/slow"]
    assert links.main(site(tmp_path, *(at + path for path in there))) == 0
    said = capsys.readouterr().out
    assert said.count("::warning::") == 3 and "::error::" not in said
    assert f"{at}/slow: timed out" in said and said.endswith(
        "5 links: 0 gone, 3 without an answer that tells\n"
    )
    assert asked.count("/200") == 1 and asked.count("/once") == asked.count("/403") == 2


@pytest.mark.parametrize("code", [404, 410])
def test_a_page_that_is_gone_is_named_with_the_page_that_links_to_it(
    links, server, tmp_path, capsys, code
):
    assert links.main(site(tmp_path, f"{server[0]}/{code}", f"{server[0]}/200")) == 1
    said = capsys.readouterr().out
    assert f"::error::{server[0]}/{code}: {code} " in said and "notebooks/a.html" in said


def test_a_host_that_there_is_not(links, tmp_path, capsys):
    """A name that is reserved for this; without a network the system says something else."""
    gone, words = links.problem("http://nowhere.invalid/")
    assert words and (gone or "emporary failure" in words)


def test_our_own_files_are_the_business_of_the_site(links, tmp_path):
    at = "https://github.com/steady-fine-tuning/steady-fine-tuning/blob/main/README.md"
    assert links.links(tmp_path) == {}
    assert links.main(site(tmp_path, at, "../index.html", "mailto:x@example.org")) == 2


def test_the_project_is_called_as_pages_call_it(links):
    from tlhelpers.course import pages

    assert links.OURS == pages.PROJECT
