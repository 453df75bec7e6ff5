from pathlib import Path

import pytest

from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.ocr.reading import (
    Found,
    PageRead,
    Reading,
    angles_of,
    failure,
    failure_of,
    found_of,
    is_wanted,
    measuring,
    notes_of,
    pages_after,
    recognising,
    runs,
    turns_of,
    undone,
)

LIMITS = Limits()
ALL = Reading(is_text=True, rotates=True, deskews=True, languages=("eng", "deu"))
LOG = """\
    2 page is facing ⇨, confidence 18.55 - will rotate ⬏
    3 page is facing ⇩, confidence 13.67 - confidence too low to rotate
    4 with existing rotation ⇦, page is facing ⇩, confidence 14.64 - will rotate ↻
   10 page is facing ⇦, confidence 17.62 - will rotate ⬑
    6 page is facing ⇧, confidence 11.61 - no change
    1 skipping all processing on this page
    2 Running: ['tesseract', '-l', 'eng', '--psm', '2', '/x/000002_rasterize.png', 'stdout']
    2 Deskew angle: -2.956
    3 Deskew angle: 0.021
    4 Deskew angle: 44.100
   10 Deskew angle: 1.500
    5 [tesseract] took too long to OCR - skipping
"""
TEXT, NONE, KEPT, LEFT = (PageRead(found) for found in Found)


@pytest.mark.parametrize(
    ("reading", "wanted"),
    [(Reading(), False), (Reading(is_text=True), True), (Reading(rotates=True), True), (Reading(deskews=True), True)],
)
def test_all_is_off_by_default(reading: Reading, wanted: bool):  # noqa: FBT001  the value is the example
    """Nothing is done to a page that was not asked for."""
    assert is_wanted(reading) is wanted


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [(1, 1)]), (10, [(1, 10)]), (11, [(1, 10), (11, 11)]), (20, [(1, 10), (11, 20)])],
)
def test_runs_hold_every_page_once(count: int, expected: list[tuple[int, int]]):
    """A document is read ten pages at a time, to its last page."""
    assert runs(count) == expected


def test_the_languages_and_limits_reach_the_tool():
    """The command has the languages, the pixel limit, one job, and no word that re-encodes anything."""
    command = recognising(ALL, LIMITS, Path("in.pdf"), Path("out.pdf"))
    assert command[command.index("--language") + 1] == "eng+deu"
    assert command[command.index("--max-image-mpixels") + 1] == "150"
    assert command[command.index("--jobs") + 1] == "1"
    assert command[command.index("--rotate-pages-threshold") + 1] == "14"
    assert command[-2:] == ["in.pdf", "out.pdf"]
    assert not {"--deskew", "--clean", "--force-ocr", "--invalidate-digital-signatures"} & set(command)


def test_no_text_is_recognised_unless_asked():
    """Turning pages alone does not give Tesseract the time to read them."""
    command = recognising(Reading(rotates=True), LIMITS, Path("in.pdf"), Path("out.pdf"))
    assert command[command.index("--tesseract-timeout") + 1] == "0"


def test_measuring_writes_nothing():
    """The skew is measured after pages were turned, and no file is written."""
    command = measuring(ALL, LIMITS, Path("in.pdf"))
    assert command[-3:] == ["none", "in.pdf", "-"]
    assert {"--deskew", "--rotate-pages"} <= set(command)


def test_only_believable_angles_count():
    """What is hardly askew stays as it is, and what lies across was drawn so."""
    assert angles_of(LOG) == {2: -2.956, 10: 1.5}


def test_pages_are_turned_by_what_the_log_says():
    """The top of a page that lies to the right comes up by three quarter turns clockwise; doubtful pages stay."""
    assert turns_of(LOG) == {2: 270, 4: 180, 10: 90}


@pytest.mark.parametrize(
    ("page", "has_text", "found"),
    [
        (1, False, Found.KEPT),
        (2, False, Found.NONE),
        (5, False, Found.LEFT),
        (5, True, Found.TEXT),
        (0, False, Found.NONE),
    ],
)
def test_the_log_tells_what_a_page_gave(page: int, has_text: bool, found: Found):  # noqa: FBT001  the value is the example
    """Pages that have text already and pages that took too long are told from those without text."""
    assert found_of(LOG, page, has_text=has_text) is found


@pytest.mark.parametrize(
    ("code", "log", "why"),
    [
        (-12, "", "there was no time left"),
        (-24, "", "there was no time left"),
        (-9, "", "it takes more memory than allowed"),
        (15, "MemoryError", "it takes more memory than allowed"),
        (-11, "", "the text recognition crashed, SIGSEGV"),
        (7, "", "Tesseract failed"),
        (15, "ValueError", "the text recognition failed, code 15"),
    ],
)
def test_codes_have_reasons(code: int, log: str, why: str):
    """Each way a run can end is told in words."""
    assert failure(code, log) == why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (MemoryError(), "it takes more memory than allowed"),
        (ScanError(ScanFault.TOO_LARGE, "x"), "the PDF would become too large"),
        (ScanError(ScanFault.CRASHED, "x"), "the result did not pass its check"),
        (OSError(28, "No space left on device", "/a/file"), "No space left on device"),
        (KeyError("/Im"), "its result could not be used, KeyError"),
    ],
)
def test_errors_have_reasons(error: Exception, why: str):
    """Each error is told in words, without the names of this box's files."""
    assert failure_of(error) == why


@pytest.mark.parametrize(
    ("pages", "notes"),
    [
        ([TEXT, NONE], ["Text was recognised, so that the PDF can be searched."]),
        ([NONE], ["No text was found on the pages."]),
        ([KEPT], []),
        ([LEFT], ["Text could not be recognised (why); the scan is complete but cannot be searched."]),
        (
            [TEXT, LEFT, LEFT, LEFT, TEXT, LEFT],
            [
                "Text was recognised, so that the PDF can be searched.",
                "Text could not be recognised on pages 2 to 4 and 6 (why); the scan is complete.",
            ],
        ),
        (
            [PageRead(Found.KEPT, 90), PageRead(Found.KEPT, 0, 1.5), PageRead(Found.KEPT, 180, -1)],
            ["Pages 1 and 3 were turned upright.", "Pages 2 and 3 were straightened."],
        ),
    ],
)
def test_notes_say_what_was_done(pages: list[PageRead], notes: list[str]):
    """The reader of the mail learns what was done and what was not, page by page."""
    assert list(notes_of(ALL, pages, "why")) == notes


def test_without_text_the_note_speaks_of_the_pages():
    """A scan that was only to be turned and straightened is not said to lack text."""
    reading = Reading(rotates=True, deskews=True)
    assert (
        undone(reading, "why") == "The pages could not be turned upright and straightened (why); the scan is complete."
    )
    assert notes_of(reading, [NONE, LEFT], "why") == (
        "Page 2 could not be turned upright and straightened (why); the scan is complete.",
    )


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (NONE, Page(100, 200, "passed")),
        (PageRead(Found.TEXT, 180), Page(100, 200, "passed, turned, read")),
        (PageRead(Found.TEXT, 270, 1.0), Page(200, 100, "passed, straightened, turned, read")),
    ],
)
def test_a_quarter_turn_changes_the_sides(read: PageRead, expected: Page):
    """The page is described as it is shown now."""
    assert pages_after([Page(100, 200, "passed")], [read]) == (expected,)
