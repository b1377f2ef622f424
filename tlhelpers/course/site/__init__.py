"""The course as a web site: the committed pages with their outputs, read without installing.

Sphinx with myst-nb and furo makes it, from folders alone: it builds offline, the search needs no
server, and no page asks for anything elsewhere. Jupyter Book 2 fetches its theme while it builds,
and nbconvert has neither contents nor search. No notebook is executed.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tlhelpers.core import files
from tlhelpers.core.errors import CourseError

__all__ = ["write"]

_OF_A_SITE = ("index.html", "searchindex.js")


def write(folder: Path, base_url: str = "") -> int:
    """Make the site, whole or not at all; how many pages it has.

    Parameters
    ----------
    folder : path
        Where `index.html` will be. A site from before is replaced.
    base_url : str, optional
        Where it will be on the web. With it pages name their own address, and that of a figure,
        and there is a ``sitemap.xml``: for search engines, and for those who share a link.

    Raises
    ------
    CourseError
        The extra ``site`` is not installed; a notebook is missing, was not executed, or has an
        image without alternative text; a link leads nowhere; `folder` cannot be written, or has
        other files in it; `base_url` is no address.
    """
    # Sphinx, which the commands must not wait for.
    from tlhelpers.course.site import sources, sphinx_build

    sphinx_build.require()
    folder = folder.resolve()  # Sphinx takes relative folders for ones in its source
    if base_url and not _is_address(base_url):
        raise CourseError(
            f"--base-url {base_url}: write the whole address, such as https://example.org/course."
        )
    _refuse_others(folder)
    files.check_writable(folder.parent)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that it can be moved there at once.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".site-") as name:
            work = Path(name)
            pages = sources.assemble(work / "source")
            sphinx_build.build(work / "source", work / "html", work / "doctrees", base_url)
            if folder.exists():
                folder.replace(work / "before")
            (work / "html").replace(folder)
    except OSError as problem:
        raise CourseError(f"Could not write {folder}: {problem.strerror or problem}.") from None
    return pages


def _is_address(text: str) -> bool:
    """Whether a text is the address of a folder on the web, its host included."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port  # which raises if it is no number
    except ValueError:
        return False
    more = parts.query or parts.fragment or re.search(r"\s", text)
    return parts.scheme in ("https", "http") and bool(host) and not more


def _refuse_others(folder: Path) -> None:
    """Raise if a folder has something in it that is no site: it would be replaced."""
    if folder.is_file():
        raise CourseError(f"{folder} is a file: choose a folder for the site with --out.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not all((folder / name).is_file() for name in _OF_A_SITE):
        raise CourseError(
            f"{folder} has other files in it, and the site would replace them: choose another "
            "folder with --out."
        )
