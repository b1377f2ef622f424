"""Follows the links that lead out of the site: python .ci/links.py build/site

Exit code 1 if a page is gone: not found there, or no such host, twice. Whoever is slow, refuses
programs or has a bad night is a warning: that says nothing about the link. Links to this project
are left out, because the site's own build looks for the files.
"""

from __future__ import annotations

import socket
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

OURS = "steady-fine-tuning/steady-fine-tuning"
TIMEOUT, PAUSE, AT_ONCE = 30.0, 20.0, 8
"""Seconds for an answer and before the second try; links at a time."""
GONE = (404, 410)
# Some servers answer browsers only.
_HEADERS = {"User-Agent": "Mozilla/5.0 (link check)", "Accept": "text/html,*/*"}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        if tag == "a" and target.startswith(("https://", "http://")) and OURS not in target:
            self.found.add(urldefrag(target).url)


def links(folder: Path) -> dict[str, list[str]]:
    """Addresses outside the site, and the pages that link to each."""
    found = defaultdict(list)
    for page in sorted(folder.rglob("*.html")):
        parser = _Links()
        parser.feed(page.read_text(encoding="utf-8"))
        for address in parser.found:
            found[address].append(page.relative_to(folder).as_posix())
    return dict(found)


def problem(address: str) -> tuple[bool, str]:
    """Whether a page is gone, and what is wrong with it; empty if it is there."""
    request = urllib.request.Request(address, headers=_HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            answer.read(1)
        return False, ""
    except urllib.error.HTTPError as refused:
        return refused.code in GONE, f"{refused.code} {refused.reason}"
    except Exception as failure:  # of the system, of TLS, of a server that talks no HTTP
        why = getattr(failure, "reason", failure)
        no_host = isinstance(why, socket.gaierror) and why.errno == socket.EAI_NONAME
        return no_host, str(why) or type(why).__name__


def problems(addresses: Iterable[str]) -> dict[str, tuple[bool, str]]:
    """`problem` of each address that has one, also at the second try."""
    left = list(addresses)
    said: dict[str, tuple[bool, str]] = {}
    for attempt in range(2):
        if attempt and left:
            time.sleep(PAUSE)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            said = dict(zip(left, pool.map(problem, left), strict=True))
        left = [address for address, (_, words) in said.items() if words]
    return {address: said[address] for address in left}


def main(folder: str) -> int:
    """Exit code: 0 if no page is gone, 1 if one is, 2 if there is no site."""
    found = links(Path(folder))
    if not found:
        print(f"{folder} has no pages with links: tlhelpers site makes them", file=sys.stderr)
        return 2
    wrong = problems(found)
    for address, (gone, words) in sorted(wrong.items()):
        kind = "error" if gone else "warning"  # as GitHub Actions marks its lines
        print(f"::{kind}::{address}: {words} (linked from {', '.join(found[address])})")
    lost = sum(gone for gone, _ in wrong.values())
    print(f"{len(found)} links: {lost} gone, {len(wrong) - lost} without an answer that tells")
    return 1 if lost else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
