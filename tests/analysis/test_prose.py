"""No measured number is typed into prose: each comes from the recordings, or is a known fact."""

import re

import jupytext
import pytest

from tests.experiment.test_recordings import made_up
from tests.wrapping import unwrapped
from tlhelpers.analysis import prose
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import protocol, recordings
from tlhelpers.experiment.fixes import fix

SOURCES = sorted((paths.NOTEBOOKS / "src").glob("*.py"))

# What may stand in any page's text.
ALWAYS = (
    r"\{\{.+?\}\}",  # comes from the recordings
    r"```.*?```",  # code to copy
    r"^# \d\d ·",  # the page's own number
    r"^\d\. \*\*|^## \d\. ",  # lists and headings
    r"`\d\d`",  # other pages
    r"\*\*Time:\*\* [^*]*",
    r"arXiv\s\d{4}\.\d{5}",
    r"\b(?:19|20)\d\d\b",  # years of papers
    r"issues? \d+",
    r"DataScience StackExchange 121657|CrossValidated 642170",
    r"CC BY 4\.0|Apache-2\.0",
    r"ResNet50|MobileNetV2|EfficientNet-Lite0|EfficientNetV2|Keras [23]\b|[Mm]acro-F1|\bF1\b",
    r"95 %\s+interval|95 of 100 cases",
    r"\bone in a hundred\b",
)
# What may stand in a page's text beside that: given by the post, by the images or by definition.
FACTS = {
    "00": (
        "0 means the profile's own number",
        "the 95 % interval of the change",
        "Of 100 photographs",
        "Guessing gives 0.5, perfect sorting gives 1",
    ),
    "01": ("a fall from 2 to 1", "from 0.2 to 0.1", "The bars cover 95 %"),
    "02": ("at 224 pixels",),
    "05": (
        "If it is above 1,",
        'temperature of 3, "0.99" becomes "0.82"',
        "such as 90 % of the ill eyes",
    ),
    "07": ("48 pixels wide", "seed 0"),
    "08": (
        "0…1",
        "from 0 to 255",
        "divides by 255",
        "255 wide",
        "from 0 to 1",
        "1/255",
        "momentum, 0.999",
        "With 0.99",
        "has 0.99",
        "have 48 pixels a side",
        "Enlarged to 64 (224 in the post)",
        "measured for 64 pixels only, not for 224",
    ),
    "09": (
        "by 15 to 20",
        "counts 1 over",
        "weight of a picture is 1",
        "A batch has 32 pictures",
        "a batch of 32",
    ),
    "11": (
        "momentum 0.999, a thousand",
        "momentum 0.99, a hundred",
        "looked good on seeds 0 to 7",
        "Its 93 to 95 %",
        "None of 20 faces right",
        "between 0 and 16 %",
        "p below 0.05",
    ),
    "12": ("p below 0.05", "corrected p below 0.05", "layers of 512", "the post's 32"),
    "13": ("`random_state=0`", "[batch[0] for", "train_data.take(30)"),
    "10": ("0 of 20", "none of 20", "of the 20 'disgust'", "93 to 95 %", "93 %"),
}


def markdown(source) -> str:
    cells = jupytext.read(source).cells
    return unwrapped("\n\n".join(c.source for c in cells if c.cell_type == "markdown"))


def unexplained(text: str, facts: tuple[str, ...]) -> list[str]:
    """Lines of an unwrapped text with a digit that is neither rendered nor a known fact."""
    for pattern in ALWAYS:
        text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.M | re.S)
    for fact in sorted(facts, key=len, reverse=True):
        text = text.replace(fact, "")
    return [line for line in text.splitlines() if re.search(r"\d", line)]


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
    prose.render(markdown(source))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_reference_is_left_in_a_notebook(source):
    cells = jupytext.read(paths.NOTEBOOKS / f"{source.stem}.ipynb").cells
    assert not [
        cell.source for cell in cells if cell.cell_type == "markdown" and "{{" in cell.source
    ]


def test_every_number_of_the_readmes_answers_is_rendered_or_a_known_fact():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    answers = unwrapped(text[: text.index("## The course")])
    answers = re.sub(r"<!--\{\{.*?<!--/-->", "", answers, flags=re.S)
    answers = re.sub(r"https://\S+", "", answers)
    facts = (
        "at 48 pixels (faces: enlarged to 64)",
        "at 224 pixels",
        "(0.1 is about 10 %, 0.7 a factor of two). Jitter and climb are best at 0;",
        "a mode gap above 0",
        "/ (T − 1):",
        "(page 05)",
        "[Page 13](notebooks/13_your_own_run.ipynb)",
        "notebooks/06_retinopathy_answer.ipynb",
        "notebooks/11_ferplus_answer.ipynb",
        "between 0.8 and 5",
        "momentum 0.999, a",
        "| momentum 0.99: averages of a hundred steps |",
        "| momentum 0.99, weights averaged |",
        "(momentum 0.99 in the table)",
    )
    assert [fact for fact in facts if fact not in answers] == []
    assert unexplained(answers, facts) == []


def test_the_references_of_the_readme_are_up_to_date():
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    assert prose.refresh(text) == text


def test_a_reference_is_rendered_from_the_recordings():
    of = "ferplus reestimated-batchnorm jitter"
    text = prose.render(f"{{{{before {of}}}}} to {{{{after {of}}}}}, {{{{verdict {of}}}}}")
    before, after = map(float, re.findall(r"[\d.]+", text)[:2])
    assert before > 5 * after and text.endswith(", helps")
    assert prose.value(f"seeds {of}") == "8"
    assert prose.value(f"mean {of}") == f"{float(prose.value(f'mean {of}')):.3f}"
    posted = prose.value("mean ferplus posted jitter")
    assert float(posted) == pytest.approx(before, abs=6e-3) and len(posted) == 5
    assert prose.value(f"interval {of}").count("−") == 2
    assert prose.value(f"pairs {of} real").count(",") == 2
    assert prose.value(f"seeds {of} real") == "3"
    all_faces = "ferplus frozen-batchnorm+weight-average jitter everything"
    assert prose.value(f"pairs {all_faces}") != prose.value(
        f"pairs {all_faces}".replace("everything", "real")
    )
    # Against another recipe.
    faster = "ferplus momentum-0.99 jitter"
    against = f"{faster} against reestimated-batchnorm"
    assert float(prose.value(f"before {against}")) == pytest.approx(after, abs=6e-3)
    assert prose.value(f"mean {against}") == prose.value(f"mean {faster}")
    assert prose.value(f"effect {against}").startswith("+")
    # Over two lines, and on the seeds that judge.
    steady = "ferplus frozen-batchnorm+weight-average\njitter"
    assert prose.render(f"{{{{seeds {steady}\nfresh}}}}") == "8"
    assert prose.value(f"before {steady}") != prose.value(f"before {steady} fresh")
    effect = prose.value(f"effect {of}")
    beside = f"<!--{{{{effect {of}}}}}-->old<!--/-->"
    assert prose.refresh(f"x {beside} y") == f"x {beside.replace('old', effect)} y"


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
        ("interval ferplus reestimated-batchnorm jitter real", "3 pairs have no interval"),
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
