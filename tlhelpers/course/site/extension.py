"""What the site adds to Sphinx: where links lead, lines around a page, and search engines."""

from __future__ import annotations

import re
import textwrap
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

from tlhelpers.course import pages
from tlhelpers.course.site import equations, links

_LOGGER = logging.getLogger(__name__)
_LONGEST = 300  # characters of a description; search engines show about half
_SCROLLS = re.compile(r'<pre(?=>)|<div class="(?:(?:table|math)-wrapper [^"]*|output text_html)"')
"""What may be wider than the page: those without a mouse scroll what they can focus."""
_SITEMAP = "sitemap.xml"
_OPENING = re.compile(r"^In one sentence\. ")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx, which finds this module by its name."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(equations.inline, None),
        block_renderers=(equations.block, None),
    )
    app.connect("doctree-read", _lead_on)
    app.connect("doctree-read", _check_images)
    app.connect("html-page-context", _complete)
    app.connect("html-page-context", _name_contents, priority=900)  # after furo's
    app.connect("build-finished", _write_for_robots)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _lead_on(app: Sphinx, document: nodes.document) -> None:
    """Lead links to README to the front page, and those to files that are no pages to GitHub.

    MyST looks for the others in the site, and warns of what is not there, which ends the build.
    """
    docname = app.env.docname
    for link in list(document.findall(addnodes.pending_xref)):
        if link["reftype"] != "myst" or link["refdomain"] == "doc":
            continue
        target, _, anchor = link["reftarget"].partition("#")
        path = links.in_repository(docname, target)
        if path == links.HOME:
            link.attributes |= {"refdomain": "doc", "reftarget": "index", "reftargetid": anchor}
        elif path is not None:
            address = pages.on_github(path, anchor)
            link.replace_self(nodes.reference("", "", *link.children, refuri=address))


def _check_images(app: Sphinx, document: nodes.document) -> None:
    """Warn, which ends the build, of an image that a blind reader would miss."""
    for image in document.findall(nodes.image):
        if not image.get("alt", "").strip():
            _LOGGER.warning(
                "image without alternative text: %s", image["uri"], location=app.env.docname
            )


def _complete(
    app: Sphinx, docname: str, template: str, context: dict[str, Any], document: Any
) -> None:
    """Add title and description of a page for those who search, and links around its text."""
    if document is None:  # the search
        context["metatags"] = '\n<meta name="robots" content="noindex">'
        return
    title = document.next_node(nodes.title).astext()
    said = description(document)
    context["metatags"] += f'\n<meta name="description" content="{escape(said)}">'
    shared = {"type": "article", "title": title, "description": said}
    if docname == "index":  # people search for the question, and do not know the name
        shared["title"] = context["title"] = " – ".join(filter(None, [_question(app), title]))
        context["docstitle"] = ""  # or furo writes the name alone
    for name, content in (shared | _shared_image(app, document)).items():
        context["metatags"] += f'\n<meta property="og:{name}" content="{escape(content)}">'
    body = _SCROLLS.sub(r'\g<0> tabindex="0"', context["body"])
    if docname.startswith("notebooks/"):
        name = docname.rpartition("/")[2]
        title = f"Page {name[:2]}, {title}"
        home = app.builder.get_relative_uri(docname, "index")
        body = body.replace("</h1>", f"</h1>\n{_run_links(name, home)}", 1)
    context["body"] = body + _closing_links(docname, title)


def _question(app: Sphinx) -> str:
    """What the course answers: the title of its first page."""
    pages_there = sorted(name for name in app.env.titles if name.startswith("notebooks/"))
    return app.env.titles[pages_there[0]].astext() if pages_there else ""


def _shared_image(app: Sphinx, document: nodes.document) -> dict[str, str]:
    """The first figure of a page, for who shares a link to it: only a whole address will do."""
    image = document.next_node(nodes.image)
    base = app.config.html_baseurl
    if image is None or not base:
        return {}
    file = image["uri"].rpartition("/")[2]  # it has been written by now
    return {"image": f"{base}{app.builder.imagedir}/{quote(file)}", "image:alt": image["alt"]}


def _name_contents(
    app: Sphinx, docname: str, template: str, context: dict[str, Any], document: Any
) -> None:
    """Say of which level the headings of the sidebar are: readers of screens ask for it."""
    context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def description(document: nodes.document) -> str:
    """What a page is about: its first paragraph, and of a page of the course its one sentence."""
    paragraph = document.next_node(nodes.paragraph)
    words = " ".join(paragraph.astext().split()) if paragraph else ""
    return textwrap.shorten(_OPENING.sub("", words), _LONGEST, placeholder=" …")


def _run_links(name: str, home: str) -> str:
    return (
        '<p class="run-page">Run this page: '
        f'<a href="{escape(pages.binder(name))}">in Binder</a> · '
        f'<a href="{escape(pages.colab(name))}">in Colab</a> · '
        f'<a href="{home}#start-here">on your machine</a></p>'
    )


def _closing_links(docname: str, title: str) -> str:
    return (
        '<p class="about-page">Something wrong or unclear? '
        f'<a href="{escape(links.feedback(title))}">Tell us</a>. '
        f'<a href="{escape(pages.on_github(links.origin(docname)))}">Source of this page</a>. '
        "Text: CC BY 4.0. Code: Apache-2.0.</p>"
    )


def _write_for_robots(app: Sphinx, problem: Exception | None) -> None:
    """Let search engines in, and list all pages for them if it is known where they will be."""
    if problem:
        return
    base = app.config.html_baseurl
    robots = "User-agent: *\nAllow: /\n"
    if base:
        robots += f"Sitemap: {base}{_SITEMAP}\n"
        Path(app.outdir, _SITEMAP).write_text(_sitemap(app, base), encoding="utf-8")
    Path(app.outdir, "robots.txt").write_text(robots, encoding="utf-8")


def _sitemap(app: Sphinx, base: str) -> str:
    addresses = (app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
    urls = "\n".join(f"<url><loc>{escape(base + address)}</loc></url>" for address in addresses)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}\n</urlset>\n'
    )
