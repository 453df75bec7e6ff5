import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.finding import Mistake, choice, key_text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("gateway", "name"), "gateway.name"),
        (("upstream", 0, "domains", 12), "upstream[0].domains[12]"),
        (("a b", "c.d"), '"a b"."c.d"'),
    ],
)
def test_a_key_is_written_as_in_the_file(path, text):
    """A key path reads as it would be written in TOML, indices in brackets."""
    assert key_text(path) == text


@given(st.lists(st.text() | st.integers(0)).map(tuple))
def test_a_key_never_breaks_the_line(path):
    """A key of any characters and any length stays printable, on one line."""
    text = key_text(path)
    assert text.isascii()
    assert len(text.splitlines()) <= 1


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (
            Mistake("gateway.toml", 7, "pdf.pages", "must be 1 to 20000"),
            "gateway.toml:7: pdf.pages: must be 1 to 20000",
        ),
        (Mistake("gateway.toml", None, "sender", "is missing"), "gateway.toml: sender: is missing"),
        (Mistake("gateway.toml", 2, "", "is not TOML"), "gateway.toml:2: is not TOML"),
        (Mistake("environment", None, "SCANGATE_A__B", "x"), "environment: SCANGATE_A__B: x"),
    ],
)
def test_a_mistake_is_one_line(mistake, text):
    """A mistake prints as file, line, key and sentence, without the parts there are not."""
    assert str(mistake) == text


@pytest.mark.parametrize(
    ("words", "text"), [((), ""), (("a",), '"a"'), (("a", "b"), '"a" or "b"'), (("a", "b", "c"), '"a", "b" or "c"')]
)
def test_a_choice_reads_as_a_sentence(words, text):
    """Words to choose from are quoted, with "or" before the last."""
    assert choice(words) == text
