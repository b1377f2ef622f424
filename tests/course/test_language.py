"""How a page reads, as far as a machine can tell: length, plain words, short sentences."""

from __future__ import annotations

import ast
import re

import jupytext
import pytest

from tlhelpers.core import paths

SOURCES = sorted((paths.NOTEBOOKS / "src").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
EVIDENCE = "14_everything_tried"  # the page about our trial

FORBIDDEN = (
    *(r"pictures?", r"processors?", r"mend(s|ed|ing)?", r"anew", r"hand(s|ed)? over"),
    *(r"reads? wrong", r"left behind", r"mode gap", r"bring(s|ing)? (the )?(AUC|F1|accuracy)"),
    *(r"whilst", r"colours?", r"normalis\w+", r"organis\w+", r"behaviour", r"grey"),
    *(r"we claim\w*", r"is claimed", r"judg(e)?ments?", r"described, not judged"),
)
"""Not the field's words, not American, or about our trial."""
ABOUT_US = (r"protocol", r"recorded", r"recordings?")
"""Belongs into a collapsed box, or on the page of the evidence."""
MOST_WORDS, MOST_CODE, MOST_FIGURES, MOST_TABLES = 900, 12, 4, 1
MOST_IN_A_SENTENCE, MOST_NUMBERS, MOST_BRACKETS = 30, 3, 1


def cells(name):
    return jupytext.read(paths.NOTEBOOKS / "src" / f"{name}.py").cells


def open_text(text):
    """Prose in the reader's sight: no code, no collapsed boxes, no link targets, no tables."""
    text = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"`[^`]*`", "code", text)
    text = re.sub(r"\$[^$]*\$", "math", text)
    text = re.sub(r"\{\{.*?\}\}", "0.1", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("|"))


def prose(name):
    return "\n\n".join(open_text(c.source) for c in cells(name) if c.cell_type == "markdown")


def paragraphs(text):
    """Paragraphs and items of lists, without headings."""
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        block = " ".join(block.split())
        if block and not block.startswith("#"):
            yield block


def sentences(paragraph):
    plain = re.sub(r"\*\*|\*", "", paragraph)
    return re.split(r"(?<=[.!?:])\s+(?=[\"'A-Z0-9\[])", plain)


def problems(text, more_forbidden=()):
    """What is wrong with a text, a line each."""
    found = []
    for pattern in (*FORBIDDEN, *more_forbidden):
        for match in re.finditer(rf"\b{pattern}\b", text, re.IGNORECASE):
            context = " ".join(text[max(0, match.start() - 30) : match.end() + 20].split())
            found.append(f"forbidden '{match[0]}' in '… {context} …'")
    for paragraph in paragraphs(text):
        start = paragraph[:60]
        for sentence in sentences(paragraph):
            if len(sentence.split()) > MOST_IN_A_SENTENCE:
                found.append(f"{len(sentence.split())} words in '{sentence[:60]} …'")
        numbers = re.findall(r"(?<![\w.,/])[−-]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?![\w/])", paragraph)
        shown = [n for n in numbers if not re.match(rf"{re.escape(n)}\.? ", paragraph)]
        task = paragraph.startswith(
            ("**Exercise", "**Time")
        )  # minutes, and the numbers it is about
        if not task and len(shown) > MOST_NUMBERS:
            found.append(f"numbers {shown} in '{start} …'")
        if paragraph.count("(") > MOST_BRACKETS + task:
            found.append(f"{paragraph.count('(')} brackets in '{start} …'")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_plain_words_short_sentences_few_numbers(name):
    about_us = () if name == EVIDENCE else ABOUT_US
    assert problems(prose(name), about_us) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_short(name):
    its = cells(name)
    code = [c for c in its if c.cell_type == "code"]
    figures = sum(bool(re.search(r"^(tl|plt)\.(plots\.\w+|show)\(", c.source, re.M)) for c in code)
    tables = sum(
        len(re.findall(r"^\|[ :|-]+\|$", c.source, re.M)) for c in its if c.cell_type == "markdown"
    )
    assert len(prose(name).split()) <= MOST_WORDS
    assert len(code) - 1 <= MOST_CODE  # without the parameters
    assert figures <= MOST_FIGURES
    assert tables <= MOST_TABLES


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_its_parts(name):
    text = prose(name)
    for part in ("# ", "**In one sentence.**", "**You will be able to**", "**Time.**"):
        assert part in text, part
    assert "## Key points" in text
    assert name.startswith("00") or "**You need**" in text


def said(code):
    """Texts of three words and more that a module can show: messages, captions, help, titles.

    Docstrings count only where a command line shows them. Of an f-string, each value is a word.
    """
    tree = ast.parse(code)
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    unseen = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "x" for p in node.values)
            text = "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "" if id(node) in inside | unseen else node.value
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:  # a command's help
            text = ast.get_docstring(node) or ""
        else:
            continue
        markup = re.search(r"</?\w+[ >]|```|\{%|\n    |\{ \w+-?\w*: ", text)
        if len(text.split()) > 2 and not markup:
            yield text


def problems_of_messages(text):
    found = []
    for pattern in FORBIDDEN:
        found += [match[0] for match in re.finditer(rf"\b{pattern}\b", text, re.IGNORECASE)]
    for paragraph in paragraphs(text):
        for sentence in sentences(paragraph):
            if len(sentence.split()) > MOST_IN_A_SENTENCE:
                found.append(sentence)
    return found


MODULES = sorted((paths.PROJECT / "tlhelpers").rglob("*.py"))


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda p: str(p.relative_to(paths.PROJECT).as_posix())
)
def test_messages_and_captions_are_plain(module):
    texts = list(said(module.read_text(encoding="utf-8")))
    assert {text: bad for text in texts if (bad := problems_of_messages(text))} == {}


@pytest.mark.parametrize(
    "name", ["README.md", "docs/commands.md", "docs/doctor.md", "docs/teach/README.md"]
)
def test_words_of_the_documents(name):
    text = open_text((paths.PROJECT / name).read_text(encoding="utf-8"))
    assert problems_of_messages(text) == []


def test_the_rules_for_messages_find_what_they_are_for():
    code = 'def f(x):\n    "Not shown, a picture."\n    print(f"{x} is a picture of it")\n'
    (text,) = said(code)
    assert text == "x is a picture of it" and problems_of_messages(text) == ["picture"]
    assert problems_of_messages("word " * 31) != []


def test_the_rules_find_what_they_are_for():
    """The sentences that STYLE.md gives as examples of what not to write."""
    long = "Which of them does what, we did not ask, " * 4 + "and so on."
    found = problems(f"We mend the picture anew. {long}\n\n0.1, 0.2, 0.3 and 0.4 (a) (b).")
    assert len(found) == 6, found
    assert problems("One claim. Two words.\n\n1. A list item with 3 numbers, 4 and 5.") == []
