"""The order of several files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.order import page_order


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["scan1.tif", "scan10.tif", "scan2.tif"], ["scan1.tif", "scan2.tif", "scan10.tif"]),
        (["Doc_0002.TIF", "doc_0001.jpg"], ["doc_0001.jpg", "Doc_0002.TIF"]),
        (["2026-11-2 p2", "2026-11-10 p1", "2026-11-2 p10"], ["2026-11-2 p2", "2026-11-2 p10", "2026-11-10 p1"]),
        (["page2.tif", "cover.pdf", "page1.tif"], ["page2.tif", "cover.pdf", "page1.tif"]),
        (["scan.tif", "scan.tif"], ["scan.tif", "scan.tif"]),
        (["scan1.tif", "scan01.tif", "scan0.tif"], ["scan1.tif", "scan01.tif", "scan0.tif"]),
        (["b2", "b1", "a3"], ["b2", "b1", "a3"]),
        (["", ""], ["", ""]),
        ([], []),
    ],
)
def test_pages_follow_their_numbers(names: list[str], ordered: list[str]):
    """Files whose names differ only in numbers follow these; any others stay as they came."""
    assert [names[place] for place in page_order(names)] == ordered


@given(st.lists(st.text(max_size=6) | st.from_regex(r"p[0-9]{1,3}", fullmatch=True), max_size=8))
def test_no_page_is_lost(names: list[str]):
    """Every file is there once, whatever the names."""
    assert sorted(page_order(names)) == list(range(len(names)))
