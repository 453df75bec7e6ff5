"""What the reader of the mail is told about pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.document import Page
from image.notes import flaw_notes, page_list


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3], "page 3"),
        ([3, 4], "pages 3 and 4"),
        ([1, 2, 3], "pages 1 to 3"),
        ([9, 1, 4, 5, 6, 7], "pages 1, 4 to 7 and 9"),
        ([1, 2, 4, 5, 5], "pages 1, 2, 4 and 5"),
    ],
)
def test_pages_are_said_as_one_says_them(numbers: list[int], said: str):
    """Page numbers read as a person would list them."""
    assert page_list(numbers) == said


@given(st.sets(st.integers(1, 60), min_size=1))
def test_every_page_is_named(numbers: set[int]):
    """Exactly the pages given are named, whatever they are."""
    named: set[int] = set()
    for item in page_list(numbers).removeprefix("pages ").removeprefix("page ").replace(" and ", ", ").split(", "):
        first, _, last = item.partition(" to ")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == numbers


def test_flaws_are_told_with_their_pages():
    """Each kind of flaw is one sentence that names its pages; pages without a flaw are not named."""
    pages = [Page(1, 1, "passed", flaw) for flaw in ("", "It is torn.", "It is wet.", "It is torn.", "")]
    assert flaw_notes(pages) == ("Pages 2 and 4: It is torn.", "Page 3: It is wet.")
    assert flaw_notes(pages[:1]) == ()
