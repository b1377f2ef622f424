"""No measured number is typed into prose: each comes from the recordings, or is a known fact."""

import re

import jupytext
import pytest

from tests.experiment.test_recordings import made_up
from tests.wrapping import unwrapped
from tlhelpers.analysis import prose
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages
from tlhelpers.experiment import protocol, recordings
from tlhelpers.experiment.fixes import fix

SOURCES = sorted((paths.NOTEBOOKS / "src").glob("*.py"))

# Looks measured, and may stand in any page's text all the same.
ALWAYS = (
    r"\{\{.+?\}\}",  # comes from the recordings
    r"```.*?```",  # code to copy
    r"`[^`]+`",
    r"\]\([^)]*\)",  # where a link leads
    r"arXiv\s\d{4}\.\d{5}",
    r"CC BY 4\.0|Apache-2\.0|Python 3\.11, 3\.12 or 3\.13",
    r"Keras 3\.3 or newer",  # what pyproject.toml asks for
    r"95 %\s+(?:confidence\s+)?interval",
)
MEASURED = r"\d+\.\d+|\d+ ?%|×\s?\d"
"""Decimals, percentages and factors."""
# What may stand in a page's text beside that: given by the post, by Keras, by the images or by
# definition, or measured elsewhere, with its source on the page.
FACTS: dict[str, tuple[str, ...]] = {
    "01": ("from 0.2 to 0.4", "from 0.5 to 1.0", "0.31, 0.30, 0.57, 0.29, 0.30"),
    "02": ("above 93 %", "fewer than 5 %"),
    "03": ("At 0.1 the loss goes up or down by about 10 %", "± 2.4 standard", "The factor 2.4"),
    "04": ("Keras's default of 0.99", "a momentum of 0.999"),
    "05": ("Keras 3.3, 3.6 and 3.15",),
    "06": ("near 0.05 is", "Near 0.007 it"),
    "09": ("at 99.9 %", "at 90 %"),
    "10": (
        "93 to 95 % on FER+",
        "below 92 %",
        "explain 93 %",
        "its 95 % margin",
        "differ on 5 % of the answers",
        *("± 5.9", "± 4.4", "± 2.9", "± 2.2", "± 1.5", "± 1.1", "± 0.7", "± 0.5"),
        "8 % of its validation faces",
    ),
    "11": ("it is 0.91", "above 0.91", "We took 0.999"),
    "12": ("from 0.17, 0.11 and 0.56 to 0.01, 0.01 and 0.02",),
    "13": ("momentum is 0.999",),
    "14": (
        "below 0.05",
        "more than 0.02 of AUC, or 0.03 of macro-F1",
        "p = 0.03",
        "0.03 or less",
        "0.45 is far from 0.05",
    ),
    "15": ("p below 0.05", "than 5 %", "more than 0.02 is ruled out"),
}


def markdown(source) -> str:
    cells = jupytext.read(source).cells
    return unwrapped("\n\n".join(c.source for c in cells if c.cell_type == "markdown"))


def unexplained(text: str, facts: tuple[str, ...]) -> list[str]:
    """Lines of an unwrapped text with a number that is neither rendered nor a known fact."""
    for pattern in ALWAYS:
        text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.M | re.S)
    for fact in sorted(facts, key=len, reverse=True):
        text = text.replace(fact, "")
    return [line for line in text.splitlines() if re.search(MEASURED, line)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_number_in_a_page_is_rendered_or_a_known_fact(source):
    assert unexplained(markdown(source), FACTS.get(source.stem[:2], ())) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_known_fact_is_still_in_its_page(source):
    """The list stays short: what is no longer said is no longer allowed."""
    text = markdown(source)
    assert [fact for fact in FACTS.get(source.stem[:2], ()) if fact not in text] == []


def test_a_typed_number_is_found():
    assert unexplained("Freezing raised AUC by 0.05.", ()) == ["Freezing raised AUC by 0.05."]
    assert unexplained("By {{effect retinopathy frozen-batchnorm auc}}, see `03`.", ()) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_reference_of_a_page_has_its_source(source):
    prose.render(markdown(source).replace(pages.CONTENTS, ""))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_reference_is_left_in_a_notebook(source):
    cells = jupytext.read(paths.NOTEBOOKS / f"{source.stem}.ipynb").cells
    assert not [
        cell.source for cell in cells if cell.cell_type == "markdown" and "{{" in cell.source
    ]


def test_the_readme_is_short_and_has_no_measured_number():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 120
    assert unexplained(unwrapped(text), ()) == []


def test_the_references_of_the_readme_are_up_to_date():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    assert prose.refresh(text) == text


def test_a_reference_is_rendered_from_the_recordings():
    of = "ferplus weight-average-update-bn jitter"
    text = prose.render(f"{{{{before {of}}}}} to {{{{after {of}}}}}, {{{{verdict {of}}}}}")
    before, after = map(float, re.findall(r"[\d.]+", text)[:2])
    assert before > 5 * after and text.endswith(", helps")
    assert prose.value(f"seeds {of}") == "8"
    assert prose.value(f"mean {of}") == f"{float(prose.value(f'mean {of}')):.3f}"
    posted = prose.value("mean ferplus posted jitter")
    assert float(posted) == pytest.approx(before, abs=6e-3) and len(posted) == 5
    assert prose.value(f"interval {of}").count("−") == 2
    # Against another recipe, which is steadier than the one as posted.
    against = f"{of} against learning-rate-1e-4"
    assert abs(float(prose.value(f"effect {against}").replace("−", "-"))) < before / 2
    # Over two lines, and on the seeds that judge.
    fresh = of.replace(" jitter", "\njitter") + "\nfresh"
    assert prose.render(f"{{{{seeds {fresh}}}}}") == "8"
    assert prose.value(f"before {of}") != prose.value(f"before {of} fresh")
    effect = prose.value(f"effect {of}")
    beside = f"<!--{{{{effect {of}}}}}-->old<!--/-->"
    assert prose.refresh(f"x {beside} y") == f"x {beside.replace('old', effect)} y"


def test_pairs_of_few_seeds_are_given_one_by_one(monkeypatch, tmp_path):
    """On real images there are three: each has its number, and there is no interval."""
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    for name, wobble in (("posted", 0.2), ("clipnorm", 0.1)):
        fixes = protocol.fixes_of(name, "retinopathy")
        that, recipe = protocol.changed("retinopathy", "quick", "real", fixes)
        for seed in range(3):
            recordings.save(made_up(recipe, seed, wobble, that), tmp_path)
    prose._runs.cache_clear()
    prose._comparison.cache_clear()
    try:
        assert prose.value("pairs retinopathy clipnorm jitter real").count(",") == 2
        assert prose.value("seeds retinopathy clipnorm jitter real") == "3"
        with pytest.raises(CourseError, match="3 pairs have no interval"):
            prose.value("interval retinopathy clipnorm jitter real")
    finally:
        prose._runs.cache_clear()
        prose._comparison.cache_clear()


def test_code_comes_from_the_recipes():
    shown = prose.render("{{changes retinopathy learning-rate-1e-5}}")
    assert (
        "-    keras.optimizers.Adam(1e-4)," in shown
        and "+    keras.optimizers.Adam(1e-5)," in shown
    )
    whole = prose.render("{{program ferplus weight-average-update-bn}}")
    assert prose.render("{{callback}}") in whole and whole.startswith("import keras")
    assert "epochs=100" in whole and "ResNet50" in whole
    back = prose.render("{{changes ferplus posted against learning-rate-1e-4}}")
    assert "+    keras.optimizers.Adam(1e-3)," in back
    for reference in (
        "program ferplus",
        "changes faces posted",
        "callback ferplus",
        "steadiness",
        "steadiness ferplus real",
    ):
        with pytest.raises(CourseError, match="Cannot read the reference"):
            prose.value(reference)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("effect ferplus", "Cannot read the reference 'effect ferplus'"),
        ("mode ferplus size-48 jitter", "Cannot read the reference"),
        ("effect faces size-48 jitter", "unknown case 'faces'"),
        ("effect ferplus size-49 jitter", "Unknown fix 'size-49'"),
        ("effect ferplus size-48 jitters", "Unknown metric 'jitters'"),
        ("effect ferplus size-48 jitter against", "Cannot read the reference"),
        ("effect ferplus size-48 jitter against size-49", "Unknown fix 'size-49'"),
        ("effect ferplus no-duplicates jitter real", "No run of this recipe is recorded for FER+"),
        ("effect ferplus reestimated-batchnorm auc", "These runs have no AUC"),
    ],
)
def test_a_reference_without_a_source_is_one_line(reference, message):
    with pytest.raises(CourseError, match=message) as error:
        prose.value(reference)
    assert "\n" not in str(error.value)


def test_fresh_seeds_are_all_there_or_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    that, recipe = protocol.changed("retinopathy", "quick", "synthetic", [fix("clipnorm")])
    for seed in range(16):
        recordings.save(made_up(that.measured, seed, 0.2, that), tmp_path)
        if seed < 12:
            recordings.save(made_up(recipe, seed, 0.1, that), tmp_path)
    prose._runs.cache_clear()
    prose._comparison.cache_clear()
    try:
        with pytest.raises(CourseError, match=r"clipnorm only seeds \(8, 9, 10, 11\) are recorded"):
            prose.value("effect retinopathy clipnorm jitter fresh")
    finally:
        prose._runs.cache_clear()
        prose._comparison.cache_clear()


def test_a_run_of_this_machine_is_no_source(build_folder):
    that, recipe = protocol.changed("ferplus", "quick", "real", [fix("no-duplicates")])
    for seed in range(that.seeds):
        recordings.save(made_up(recipe, seed, 0.2, that), recordings.local())
    assert len(that.recorded(recipe)) == that.seeds
    with pytest.raises(CourseError, match="No run of this recipe is recorded for FER"):
        prose.value("effect ferplus no-duplicates jitter real")
