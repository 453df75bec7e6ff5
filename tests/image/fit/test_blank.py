"""Blank or not, from where ink was found."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.fit.blank import Ink, Run, Spot, blank_note, is_blank, spots_of

SHEET = Ink(827, 1170, 250, 245, ())


def _box(left: int, top: int, width: int, height: int) -> list[Run]:
    return [Run(row, left, left + width) for row in range(top, top + height)]


def _sheet(*boxes: list[Run]) -> Ink:
    return replace(SHEET, runs=sorted((run for box in boxes for run in box), key=lambda run: (run.row, run.first)))


@pytest.mark.parametrize(
    ("ink", "expected"),
    [
        (SHEET, True),
        (replace(SHEET, runs=None), False),
        (replace(SHEET, lightest=100, darkest=100), False),
        (replace(SHEET, darkest=170), False),
        (_sheet(_box(400, 400, 4, 4)), True),
        (_sheet(_box(400, 400, 5, 1)), False),
        (_sheet(_box(400, 400, 1, 5)), False),
        (_sheet(*(_box(100 + 7 * at, 400, 2, 2) for at in range(60))), True),
        (_sheet(*(_box(100 + 7 * at, 400, 2, 2) for at in range(61))), False),
        (_sheet(_box(36, 400, 24, 24), _box(36, 715, 24, 24)), True),
        (_sheet(_box(767, 400, 24, 24), _box(767, 715, 24, 24)), True),
        (_sheet(_box(200, 36, 24, 24), _box(515, 36, 24, 24)), True),
        (_sheet(_box(200, 1110, 24, 24), _box(515, 1110, 24, 24)), True),
        (_sheet(_box(36, 400, 24, 24)), False),
        (_sheet(_box(36, 400, 24, 24), _box(60, 715, 24, 24)), False),
        (_sheet(_box(36, 400, 24, 24), _box(36, 640, 24, 24)), False),
        (_sheet(_box(36, 400, 24, 60), _box(36, 715, 24, 60)), False),
        (_sheet(_box(300, 400, 24, 24), _box(300, 715, 24, 24)), False),
        (_sheet(_box(36, 400, 24, 24), _box(36, 715, 24, 24), _box(400, 600, 8, 8)), False),
    ],
)
def test_blank_is_paper_dust_and_holes(ink: Ink, *, expected: bool):
    """Anything longer than dust that is not one of several punched holes is a mark."""
    assert is_blank(ink) == expected


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_spots_are_what_hangs_together(pixels: set[tuple[int, int]]):
    """The boxes are those of a flood that steps over a gap of one pixel, whatever the shape."""
    runs = [Run(row, column, column + 1) for row, column in sorted(pixels)]
    left, flooded = set(pixels), []
    while left:
        waiting, inside = [left.pop()], set[tuple[int, int]]()
        while waiting:
            row, column = waiting.pop()
            inside.add((row, column))
            near = {(r, c) for r, c in left if abs(r - row) <= 1 and abs(c - column) <= 2}
            left -= near
            waiting += near
        rows, columns = [row for row, _ in inside], [column for _, column in inside]
        flooded.append(Spot(min(columns), min(rows), max(columns) + 1, max(rows) + 1))
    assert sorted(map(astuple, spots_of(runs))) == sorted(map(astuple, flooded))


def test_notes_count_the_pages():
    """How many, and which."""
    assert blank_note([3]) == "1 blank page was left out (page 3 of the scan)."
    assert blank_note([2, 4]) == "2 blank pages were left out (pages 2 and 4 of the scan)."
    assert blank_note([2, 4, 6, 7, 8]) == "5 blank pages were left out (pages 2, 4 and 6 to 8 of the scan)."
