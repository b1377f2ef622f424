"""The doctor's report: text, JSON, page and fragment."""

import html
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doctor.examples import NAN, diagnosis, examination, examinations
from tlhelpers.doctor import report, wording
from tlhelpers.doctor.catalogue import TROUBLES

SCHEMA = json.loads(Path(report.__file__).with_name("report.schema.json").read_text("utf-8"))
LAG = diagnosis("bn_averages_lag", 0.65, 0.4, 0.8, "It jumps from 0.8 to 5.1.")
LEAK = diagnosis("leak", 0.13, 0.13, 0.13)
FITS = st.lists(examinations(), max_size=3)


def flat(words: str) -> str:
    return " ".join(words.split())


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", TROUBLES)
def test_every_trouble_has_its_noun(code):
    before, behind = wording.SHARE_OF[code]
    assert before and behind
    assert wording.share_words(diagnosis(code, 0.5)) == f"{before} 50 % {behind}"


def test_no_noun_for_a_trouble_that_is_gone():
    assert set(wording.SHARE_OF) == set(TROUBLES)
    assert set(wording.READINGS_OF) <= set(TROUBLES)


@pytest.mark.parametrize("code", TROUBLES)
def test_cures_are_code_that_fits_a_terminal(code):
    trouble = TROUBLES[code]
    for cure in (trouble.cure, trouble.cure_from_scratch):
        code_only = cure.replace("(..., ", "(").replace(", ...)", ")").replace("(...)", "()")
        compile(code_only, "cure", "exec")
        assert all(len(line) <= 76 for line in cure.splitlines())


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.65, "65 %"),
        (0.004, "less than 1 %"),
        (0.9996, "over 99 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (-0.2, "0 %"),
        (1.3, "100 %"),
    ],
)
def test_percent(share, words):
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.412, "0.41"), (2.34, "2.3"), (13.4, "13"), (99.7, "100"), (2412, "2400"), (0.0, "0")],
)
def test_two_significant_digits(value, words):
    assert wording.number(value) in (words, f"{float(words):.0f}")


def test_runs_of_numbers():
    assert wording.runs([1, 2, 3, 4, 6, 8, 9]) == "1 to 4, 6, 8 and 9"
    assert wording.runs([5]) == "5"


# Text ---------------------------------------------------------------------------------------------


def test_text_begins_with_the_finding_and_says_all_of_it():
    seen = examination(LAG, LEAK, not_looked_at=("Labels: a generator is read only once.",))
    words = report.text([seen])
    assert words.startswith("BatchNorm's running averages lag behind the weights, and 1 more ")
    for part in (
        "1. BatchNorm's running averages lag behind the weights [bn_averages_lag]",
        "Explains 65 % of the jumping (40 to 80 %).",
        "It jumps from 0.8 to 5.1.",
        "If you fine-tune:",
        "If you train from scratch:",
        "Sure: the weights are the same",
        f"More: page {LAG.page} of the course.",
        "2. The same images are on both sides [leak]",
        "Gives away 13 % of the validation images.",
        "What to change:",
        "Labels: a generator is read only once.",
        "The doctor took 1.2 s of 40 s.",
    ):
        assert part in flat(words)
    for line in LAG.cure.splitlines():
        assert f"    {line}" in words.splitlines()


def test_text_has_a_table_where_another_reading_shows_it():
    table = report.text([examination(LAG)]).partition("Validation loss:")[2].splitlines()
    assert table[4].split() == ["1", "1.2", "1.1"] or table[3].split() == ["1", "1.2", "1.1"]
    assert "      4       5.0        0.72" in "\n".join(table)
    assert "Validation loss:" not in report.text([examination(LEAK)])
    assert "Validation loss:" not in report.text([examination()])


@pytest.mark.parametrize(("factor", "told"), [(1.0, False), (1.08, False), (1.3, True)])
def test_a_loss_that_is_another_number_is_named(factor, told):
    seen = examination(LAG)
    curves = dict(seen.curves, val_loss=tuple(factor * y for y in seen.curves["val_loss"]))
    differing = examination(LAG, curves=curves)  # the interval reaches 10 % either way
    assert (wording.TWO_LOSSES in flat(report.text([differing]))) is told
    assert (wording.TWO_LOSSES in flat(html.unescape(report.fragment(differing)))) is told


def test_table_of_a_climb_goes_from_the_lowest_to_the_last():
    values = np.array([5.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    assert report._shown(values, climbs=True) == [1, 3, 5, 7, 9, 11]
    values[3] = 40
    assert 3 in report._shown(values, climbs=False)


@pytest.mark.parametrize(
    ("skipped", "words"),
    [((), "The doctor found nothing wrong."), (("x",), "nothing wrong in what it could see.")],
)
def test_text_of_nothing(skipped, words):
    assert words in report.text([examination(not_looked_at=skipped)])


def test_text_without_a_fit():
    assert report.text([]) == "The doctor has not seen a fit yet.\n"
    assert "has not seen" in report.html([])
    jsonschema.validate(report.to_json([]), SCHEMA)


def test_several_fits_say_each_thing_once():
    fits = [examination(*((LAG,) if n in (2, 3, 7) else ()), fit=n) for n in range(1, 11)]
    words = report.text(fits, width=100)
    assert words.startswith(f"{LAG.title}, in 3 of 10 fits (2, 3 and 7).\n")
    assert (words.count("Adam(rate)"), words.count("Adam(rate / 10)")) == (1, 1)  # scratch, tuned
    assert words.count("What to change: as in fit 2.") == 2
    assert "Nothing found in fits 1, 4 to 6 and 8 to 10." in words
    assert "The doctor took 12 s of 400 s." in words or "of 6.7 min" in words
    page = report.html(fits)
    assert (page.count("Adam(rate)"), page.count("Adam(rate / 10)")) == (1, 1)
    assert "Nothing found in fits 1, 4 to 6 and 8 to 10." in page


def test_the_last_fit_with_a_finding_comes_first():
    fits = [examination(LEAK), examination(LAG, fit=2), examination(fit=3)]
    first = report.text(fits, width=100).splitlines()[0]
    assert first == f"{LAG.title}, in fit 2 of 3. Other findings in fit 1."


def test_nothing_reaches_the_terminal_but_words():
    words = report.text([examination(LAG, model="\x1b[31mred\r\n"), examination(fit=2)])
    assert "\x1b" not in words and "\r" not in words


@settings(max_examples=20)
@given(FITS, st.sampled_from([60, 80, 120]))
def test_text_keeps_its_width(fits, width):
    for line in report.text(fits, width).splitlines():
        assert len(line) <= width or line.startswith("    "), line
    if width >= 80:
        assert all(len(line) <= width for line in report.text(fits, width).splitlines())


# JSON ---------------------------------------------------------------------------------------------


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=20)
@given(FITS)
def test_json_keeps_the_schema(fits):
    plain = json.loads(json.dumps(report.to_json(fits), allow_nan=False))
    jsonschema.validate(plain, SCHEMA)
    assert [len(fit["diagnoses"]) for fit in plain["fits"]] == [len(e.diagnoses) for e in fits]


def test_json_rounds_curves_and_has_null_for_nan():
    seen = examination(
        diagnosis("leak", NAN),
        epochs=(1, 2),
        curves={"val_loss": (1.23456789, NAN)},
        bands={"fresh": ((math.inf, 2.0), (0.1, 0.2))},
        facts={"memory": np.float32(1.5), "sizes": (np.int64(3), NAN), "name": Path("x")},
    )
    (fit,) = report.to_json([seen])["fits"]
    assert fit["curves"] == {"val_loss": [1.23457, None]}
    assert fit["bands"] == {"fresh": [[None, 2.0], [0.1, 0.2]]}
    assert fit["facts"] == {"memory": 1.5, "sizes": [3, None], "name": "x"}
    assert fit["diagnoses"][0]["share"] is None
    assert report.to_json([examination()])["fits"][0]["diagnoses"] == []


def test_report_needs_numpy_only():
    code = (
        "import sys, tlhelpers.doctor.report as r; r.to_json([]), r.html([]); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "matplotlib", "scipy", "pandas"} & set(done.stdout.split())


# HTML ---------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(FITS)
def test_page_is_whole_alone_and_harmless(fits):
    page = report.html(fits)
    assert "http" not in re.sub(r">[^<]*<", "><", page)  # but for what is only read
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.find_all(["script", "link", "img", "iframe", "object"])
    assert not soup.find_all(src=True) and not soup.find_all(href=True)
    assert "url(" not in page and "@import" not in page
    allowed = "html head meta title style body main header h1 h2 h3 p section article b span pre "
    allowed += "code ul li details summary dl dt dd figure figcaption svg text line polyline "
    allowed += "polygon circle rect path"
    assert {tag.name for tag in soup.find_all(True)} <= set(allowed.split())
    for drawing in soup.find_all("svg"):
        assert drawing["role"] == "img" and drawing["aria-label"]
    assert (
        "nan" not in " ".join(str(tag.attrs) for tag in soup.svg.find_all(True)) if soup.svg else 1
    )


def test_names_are_escaped():
    bad = "<script>alert('x')</script>"
    seen = examination(
        diagnosis("leak", evidence=bad), model=bad, facts={bad: bad}, not_looked_at=(bad,)
    )
    for page in (report.html([seen]), report.html([seen, seen]), report.fragment(seen)):
        assert "<script" not in page and "&lt;script&gt;" in page


def test_page_is_light_and_dark_and_says_how_to_copy():
    page = report.html([examination(LAG)])
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page
    assert page.count("a click selects all of it") == page.count("<pre") == 2
    assert "user-select: all" in page
    assert LAG.cure.splitlines()[2] in BeautifulSoup(page, "html.parser").pre.text


def test_fragment_keeps_its_styles_to_itself():
    inside = report.fragment(examination(LAG))
    soup = BeautifulSoup(inside, "html.parser")
    assert not soup.find_all(["html", "head", "body"])
    rules = re.sub(r"@media[^{]*\{", "", soup.style.text)
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", rules):
        for selector in selectors.split(","):
            assert selector.strip().startswith(".tld"), selector
