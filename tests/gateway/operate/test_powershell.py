"""Values in PowerShell: whatever stands in the configuration stays a value."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.operate.powershell import comment, listed, prose, quoted

MARKS = "'\u2018\u2019\u201a\u201b"


def read(literal: str) -> tuple[str, str]:
    """A literal string as PowerShell reads it (about_Quoting_Rules), and what stands behind it."""
    assert literal[0] in MARKS
    value, place = "", 1
    while True:
        char = literal[place]
        if char not in MARKS:
            value, place = value + char, place + 1
        elif literal[place + 1 : place + 2] and literal[place + 1] in MARKS:
            value, place = value + char, place + 2
        else:
            return value, literal[place + 1 :]


@given(st.text(alphabet=st.one_of(st.sampled_from(MARKS + '$`"#;\n\r\0()'), st.characters(codec="utf-8"))))
def test_a_value_stays_a_value(text):
    """PowerShell reads back what is printable of it, and nothing is left behind the closing mark."""
    assert read(quoted(text)) == ("".join(char for char in text if char.isprintable()), "")


def test_a_list():
    """Each value has its own marks."""
    assert listed(["a", "o'b"]) == "'a', 'o''b'"


@given(st.text())
def test_a_comment_ends_nowhere(text):
    """Nothing in a comment begins a line of its own, also where it is folded."""
    for line in (comment(text), *prose(text)):
        assert line.startswith("# ")
        assert len(line.splitlines()) == 1
