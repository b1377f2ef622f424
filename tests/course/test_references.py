"""'page `03`', 'pages 02 and 03', '(05_honest_validation.ipynb)': each such page exists.

Looked for wherever somebody reads it: README, docs, the protocol, the pages themselves, docstrings
and comments, and the sentences that the code prints.
"""

import re

import pytest

from tlhelpers.core import paths

PAGES = {path.stem for path in (paths.NOTEBOOKS / "src").glob("*.py")}
NUMBERS = {name[:2] for name in PAGES}

# How a text is wrapped: line ends, with what a comment, a quotation, or a string that goes on in
# the next line puts around them.
WRAPPED = re.compile(r"""\s*["']?\s*\n\s*(?:[#>]+|[bfr]{0,2}["'])?\s*""")
NUMBER = r"`?\b(\d\d?)\b`?"
BETWEEN = r"(?:, and |, or |, | and | or | to |–)"
LIST = re.compile(rf"\b[Pp]ages? ({NUMBER}(?:{BETWEEN}{NUMBER})*)".replace("(\\d", "(?:\\d"))
ALONE = re.compile(r"(?<![\w`])`(\d\d)`(?![\w`])")
FILE = re.compile(r"\b(\d\d_\w+)\.(?:ipynb|py)\b")


def references(text):
    """What a text refers to: numbers and names of pages, in order and each once.

    A number between 'page' and something else, or two digits marked as code, is a page's.
    """
    text = WRAPPED.sub(" ", text)
    found = [number for listed in LIST.findall(text) for number in re.findall(r"\d+", listed)]
    return list(dict.fromkeys(found + ALONE.findall(text) + FILE.findall(text)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as page 03 says, and Page `4`: no more", ["03", "4"]),
        ("pages `02`, `05` and `06`", ["02", "05", "06"]),
        ("Pages `07` to `11`. 12 runs", ["07", "11"]),
        ("pages 02–04, 06, and 08", ["02", "04", "06", "08"]),
        ("(page\n# `05`; `06` has\n#   more)", ["05", "06"]),
        ('    "a sentence (page "\n    f"13), which goes on"', ["13"]),
        ("[Page 13](notebooks/13_your_own_run.ipynb)", ["13", "13_your_own_run"]),
        ("page 04's block, page-03 and 05 of 10, `123`, a page 200 lines long", ["04"]),
        ("a page of 20 lines, on 12 pages, 03 seeds", []),
    ],
)
def test_what_counts_as_a_reference(text, found):
    assert references(text) == found


FILES = [
    paths.PROJECT / "README.md",
    *paths.PROJECT.glob("docs/*.md"),
    *paths.RECORDINGS.glob("*.md"),
    *(
        path
        for folder in ("notebooks/src", "tlhelpers", "data_scripts", "benchmarks", "tests")
        for path in (paths.PROJECT / folder).rglob("*.py")
        # Those of pages are about made-up courses.
        if paths.PROJECT / "tests" / "course" not in path.parents
    ),
]


def test_every_page_that_is_referred_to_exists():
    found = {
        path.relative_to(paths.PROJECT): references(path.read_text(encoding="utf-8"))
        for path in FILES
    }
    assert sum(map(bool, found.values())) > len(PAGES), "hardly a file refers to a page"
    there = NUMBERS | PAGES
    missing = {
        str(path): strangers
        for path, named in found.items()
        if (strangers := [each for each in named if each.zfill(2) not in there])
    }
    assert not missing
