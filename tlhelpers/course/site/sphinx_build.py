"""Sphinx, its settings, and what its warnings mean here: the end of the build, in one line."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from tlhelpers.core import progress
from tlhelpers.core.errors import CourseError, in_one_line

INSTALL = 'pip install -e ".[site]"'

_NEEDED = ("sphinx", "myst_nb", "furo")
_STYLE, _ICON = "site.css", "icon.svg"
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def require() -> None:
    """Raise unless everything that the site is made with is installed.

    Raises
    ------
    CourseError
    """
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise CourseError(f"The site needs {name}, which is not installed: {INSTALL}")


def build(source: Path, target: Path, doctrees: Path, base_url: str) -> None:
    """Turn a folder of Markdown and notebooks into HTML.

    Parameters
    ----------
    source, target, doctrees : path
        What Sphinx reads, writes, and keeps meanwhile.
    base_url : str
        Of the site on the web, or empty.

    Raises
    ------
    CourseError
        Sphinx warned: a link leads nowhere, an equation cannot be read, and so on.
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    static = source / "_static"
    static.mkdir()
    for name in (_STYLE, _ICON):
        looks = resources.files("tlhelpers.course.site").joinpath(name)
        (static / name).write_bytes(looks.read_bytes())
    warnings = io.StringIO()
    try:
        # What Sphinx adds to docutils ends with the build: there may be another one.
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                source,
                None,
                target,
                doctrees,
                "html",
                confoverrides=_settings(static, base_url),
                status=None,
                warning=warnings,
            )
            with _watched(app):
                app.build()
    except Exception as problem:  # Sphinx's, docutils' and the extensions' own
        raise CourseError(f"Sphinx could not make the site: {in_one_line(problem)}.") from None
    if said := _COLOR.sub("", warnings.getvalue()).strip():
        first, *others = said.splitlines()
        more = f" (and {len(others)} more lines)" if others else ""
        raise CourseError(f"The site has a fault: {first.replace(f'{source}/', '')}{more}")
    # For Sphinx and other documentation, not for readers.
    for left in (".buildinfo", "objects.inv"):
        (target / left).unlink(missing_ok=True)
    shutil.rmtree(target / "_sources", ignore_errors=True)


def _settings(static: Path, base_url: str) -> dict[str, Any]:
    return {
        "project": "Steady Fine-Tuning",
        "author": "The Steady Fine-Tuning team",
        "language": "en",
        "extensions": ["myst_nb", "tlhelpers.course.site.extension"],
        # Said here, because Sphinx would write it into a default that outlives the build.
        "source_suffix": {".md": "myst-nb", ".ipynb": "myst-nb"},
        "smartquotes": False,
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 3,
        "html_math_renderer": "mathml",
        "html_theme": "furo",
        "html_title": "Steady Fine-Tuning",
        "html_baseurl": f"{base_url.rstrip('/')}/" if base_url else "",
        "html_static_path": [str(static)],
        "html_favicon": str(static / _ICON),
        "html_css_files": [_STYLE],
        "html_copy_source": False,
        "html_show_copyright": False,
        "html_use_index": False,
        "html_domain_indices": False,
    }


@contextlib.contextmanager
def _watched(app: Any) -> Iterator[None]:
    """A bar while Sphinx reads every page and then writes it."""
    documents = len(app.project.discover())
    with progress.bar(total=2 * documents, desc="Site", unit="step") as bar:
        app.connect("doctree-read", lambda app, document: bar.update())
        app.connect("doctree-resolved", lambda app, document, name: bar.update())
        yield
