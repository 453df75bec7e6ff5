"""What is told about files that are no scan."""

from hypothesis import given
from hypothesis import strategies as st

from image.refusal import refusal_of
from image.sniff import Kind

PAGES = {Kind.PDF, Kind.TIFF, Kind.JPEG, Kind.PNG, Kind.BMP, Kind.GIF, Kind.JP2}


@given(st.sampled_from([kind for kind in Kind if kind not in PAGES]))
def test_every_kind_has_its_sentence(kind: Kind):
    """Every kind that is not made into pages has a sentence for the person who scanned."""
    error = refusal_of(kind)
    assert error.sentence.endswith(".")
    assert str(error) == error.sentence
