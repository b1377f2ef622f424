"""Where links of the site lead: from a text of the repository, and out of the site."""

from __future__ import annotations

import posixpath
from urllib.parse import urlencode

from tlhelpers.core import paths
from tlhelpers.course import pages

HOME = "README.md"
"""The text that is the front page, `index`."""
GITHUB = f"https://github.com/{pages.PROJECT}"


def origin(docname: str) -> str:
    """The file that a page of the site was made from, from the project's folder.

    Parameters
    ----------
    docname : str
        "notebooks/04_batchnorm_lags"; Sphinx names pages so.
    """
    if docname == "index":
        return HOME
    return f"{docname}.ipynb" if docname.startswith("notebooks/") else f"{docname}.md"


def in_repository(docname: str, target: str) -> str | None:
    """The file or folder of the repository that a relative link means.

    Parameters
    ----------
    docname : str
        Page with the link.
    target : str
        "../tlhelpers/data/field_survey.py", without an anchor.

    Returns
    -------
    str or None
        From the project's folder; None if there is no such thing in it.
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin(docname)), target))
    inside = path != ".." and not path.startswith(("../", "/"))
    return path if inside and (paths.PROJECT / path).exists() else None


def feedback(title: str) -> str:
    """A form for an issue about a page."""
    return f"{GITHUB}/issues/new?{urlencode({'title': f'{title}: '})}"
