"""The course as a web site: the committed pages with their outputs, read without installing.

Sphinx with myst-nb and furo makes it, from folders alone: it builds offline, the search needs no
server, and no page asks for anything elsewhere. Jupyter Book 2 fetches its theme while it builds,
and nbconvert has neither contents nor search. No notebook is executed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

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
        Where it will be on the web. With it pages name their own address, and there is a
        ``sitemap.xml``, both for search engines.

    Raises
    ------
    CourseError
        The extra ``site`` is not installed; a notebook is missing, was not executed, or has an
        image without alternative text; a link leads nowhere; `folder` cannot be written, or has
        other files in it.
    """
    # Sphinx, which the commands must not wait for.
    from tlhelpers.course.site import sources, sphinx_build

    sphinx_build.require()
    folder = folder.resolve()  # Sphinx takes relative folders for ones in its source
    if base_url and not base_url.startswith(("https://", "http://")):
        raise CourseError(f"--base-url {base_url}: write the whole address, with https://.")
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
