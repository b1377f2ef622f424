"""Tables of the commands: as wide as the terminal, or as they need to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlhelpers.cli import tables

COLUMNS = ["fix", "jitter", "climb", "verdict"]
ROWS = [
    ["class-weights-effective-number", "−0.16 (−0.26 to −0.05)", "0.02", "no clear effect"],
    ["clipnorm", "0.1", "−0.14 (−0.40 to 0.11)", "helps"],
    ["train_inference_gap", "0", "0", "helps"],
]


@pytest.fixture
def printed(monkeypatch, capsys):
    def show(width, *arguments, **options):
        monkeypatch.setattr(tables, "width", lambda: width)
        tables.show(*arguments, **options)
        return capsys.readouterr().out.splitlines()

    return show


def test_a_row_is_a_line_where_no_terminal_is(printed):
    assert printed(None, COLUMNS, ROWS, words=["fix", "verdict"], spare=["climb"]) == [
        "fix                             jitter                  climb                  verdict",
        "class-weights-effective-number  −0.16 (−0.26 to −0.05)  0.02                   "
        "no clear effect",
        "clipnorm                        0.1                     −0.14 (−0.40 to 0.11)  helps",
        "train_inference_gap             0                       0                      helps",
    ]


def test_cells_get_lines_before_columns_are_left_out(printed):
    options = {"words": ["fix", "verdict"], "spare": ["climb"]}
    all_columns = printed(80, COLUMNS, ROWS, **options)
    assert "climb" in all_columns[0] and "Left out" not in "".join(all_columns)
    fewer = printed(58, COLUMNS, ROWS, **options)
    assert "climb" not in fewer[0]
    assert "Left out for lack of room: climb." in " ".join(fewer)
    for lines, room in ((all_columns, 80), (fewer, 58)):
        assert max(map(len, lines)) <= room
        # No name and no number is broken in its middle.
        assert any("train_inference_gap" in line for line in lines)
        assert "effective-" in " ".join(lines) and any("(−0.26 to −0.05)" in x for x in lines)


@given(
    st.integers(20, 200),
    st.lists(st.lists(st.text("ab-( ", max_size=60), min_size=4, max_size=4), max_size=5),
)
def test_no_line_is_wider_than_the_terminal(width, rows):
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr(tables, "width", lambda: width)
        patch.setattr(tables.typer, "echo", lambda line: lines.extend(line.splitlines()))
        tables.show(COLUMNS, rows, words=["fix", "verdict"], spare=["climb"])
    assert max(map(len, lines)) <= width


def test_paragraphs_hang(monkeypatch, capsys):
    monkeypatch.setattr(tables, "width", lambda: 30)
    tables.paragraph("a network gets too sure of itself", " " * 4, " 9  ")
    assert capsys.readouterr().out == " 9  a network gets too sure of\n    itself\n"
