import re
from pathlib import Path

import pytest
from pikepdf import Pdf

from image.ocr.reading import Reading
from tests.image.drawn import difference
from tests.image.poppler import rendered, text_of, unpacked
from tests.image.through_convert import converted, pdf_of
from tests.image.through_ocr import STRAIGHT, TEXT, TURNED, g4, jpeg, read_scan, reread
from tests.image.worded import MANY, SEEN, skew_of, worded


def words_of(pdf: Path) -> set[str]:
    """The words in a PDF's text, without punctuation."""
    return set(re.findall(r"\w+", text_of(pdf)))


async def test_text_is_found_and_nothing_else_changes(tmp_path: Path):
    """The words of black-and-white and colour pages can be searched; the pages look the same, and stay PDF/A-2b."""
    document = converted(tmp_path, g4(worded()), jpeg(worded(mode="RGB")))
    before = [rendered(document.path, 72, page) for page in (1, 2)]
    after = await reread(document, TEXT)
    assert all(set(re.findall(r"\w+", page)) >= SEEN for page in text_of(after.path).split("\f")[:2])
    assert after.notes == ("Text was recognised, so that the PDF can be searched.",)
    assert [page.action for page in after.pages] == ["encoded, read", "passed, read"]
    assert [rendered(after.path, 72, page).tobytes() for page in (1, 2)] == [image.tobytes() for image in before]
    assert b"<pdfaid:part>2</pdfaid:part>" in after.path.read_bytes()
    assert b"/GTS_PDFA1" in unpacked(after.path)
    assert b"OCRmyPDF" not in unpacked(after.path)


async def test_the_same_scan_gives_the_same_bytes(tmp_path: Path):
    """A scan that is read twice gives the same PDF, byte for byte."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    one = await read_scan(first, TEXT, g4(worded(lines=3)))
    other = await read_scan(second, TEXT, g4(worded(lines=3)))
    assert one.path.read_bytes() == other.path.read_bytes()


async def test_pages_are_turned_upright(tmp_path: Path):
    """Pages scanned sideways and upside down come out upright by their /Rotate; the upright one stays as it is."""
    turns = (0, 90, 180, 270)
    document = await read_scan(tmp_path, TURNED, g4(*(worded(MANY, turn=turn) for turn in turns)))
    assert document.notes == ("Pages 2 to 4 were turned upright.",)
    assert [page.action for page in document.pages] == ["encoded", *["encoded, turned"] * 3]
    assert len({(page.width_pt, page.height_pt) for page in document.pages}) == 1
    upright = worded(MANY, mode="L").resize((595, 842))
    for number in range(1, 5):
        assert difference(rendered(document.path, 72, number), upright) < 12
    with Pdf.open(document.path) as pdf:
        assert [int(page.obj.get("/Rotate", 0)) for page in pdf.pages] == [0, 270, 180, 90]


async def test_skew_is_straightened_by_the_matrix(tmp_path: Path):
    """A page that lies 3 degrees askew comes out straight, and its text is found there; a straight one is not moved."""
    pages = g4(worded(20, skew=3), worded(20))
    document = await read_scan(tmp_path, Reading(is_text=True, deskews=True), pages)
    assert document.notes[1:] == ("Page 1 was straightened.",)
    assert skew_of(rendered(document.path, 100, 1)) == pytest.approx(0, abs=0.25)
    assert words_of(document.path) >= SEEN
    assert [page.action for page in document.pages] == ["encoded, straightened, read", "encoded, read"]


async def test_a_skewed_colour_page_is_straightened_alone(tmp_path: Path):
    """Straightening without anything else leaves JPEG data as it is, too."""
    document = await read_scan(tmp_path, STRAIGHT, jpeg(worded(20, skew=-2, mode="RGB")))
    assert document.notes == ("Page 1 was straightened.",)
    assert skew_of(rendered(document.path, 100, 1)) == pytest.approx(0, abs=0.25)


async def test_all_three_at_once(tmp_path: Path):
    """A page that lies on its side and askew comes out upright and straight, with its text in place."""
    reading = Reading(is_text=True, rotates=True, deskews=True)
    document = await read_scan(tmp_path, reading, g4(worded(MANY, skew=2, turn=270)))
    assert document.pages[0].action == "encoded, straightened, turned, read"
    assert skew_of(rendered(document.path, 100, 1)) == pytest.approx(0, abs=0.25)
    assert difference(rendered(document.path, 72), worded(MANY, mode="L").resize((595, 842))) < 20
    assert words_of(document.path) >= SEEN


async def test_pages_without_text_stay_as_they_are(tmp_path: Path):
    """A page without any text is not changed, and the note says so."""
    document = converted(tmp_path, g4(worded(lines=0)))
    before = document.path.read_bytes()
    after = await reread(document, Reading(is_text=True, rotates=True, deskews=True))
    assert after.notes == ("No text was found on the pages.",)
    assert after.path.read_bytes() == before


async def test_pages_with_text_stay_as_they_are(tmp_path: Path):
    """A PDF that is searchable already is not read again, and no word about it is said."""
    document = await read_scan(tmp_path, TEXT, g4(worded(lines=3)))
    before = document.path.read_bytes()
    again = await reread(converted(tmp_path, before), TEXT)
    assert again.notes == ()
    assert text_of(again.path) == text_of(document.path)


async def test_nothing_asked_is_nothing_done(tmp_path: Path):
    """Off by default: the document comes back as it is."""
    document = converted(tmp_path, pdf_of(tmp_path, g4(worded(lines=1))))
    assert await reread(document, Reading()) is document
