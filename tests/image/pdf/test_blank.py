"""Blank pages left out of a finished PDF."""

from dataclasses import replace
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from image.document import Document, Page
from image.fit.finish import ALL_BLANK, drop_blanks
from image.pdf.blank import blank_pages
from tests.image import sheets
from tests.image.drawn import SAME, difference, page, saved
from tests.image.poppler import checked, page_sizes, rendered, unpacked
from tests.image.scanned_pdf import scan
from tests.image.through_convert import LIMITS, converted

DPI = (100, 100)
EMPTY = saved(page().point([255] * 768), "JPEG", dpi=DPI)
MARKED = saved(page(), "JPEG", dpi=DPI)


def _found(folder: Path, contents: bytes, image: bytes = EMPTY) -> tuple[int, ...]:
    """The blank pages of a PDF of one page of 119.52 by 168.48 points with these instructions."""
    pdf = scan()
    drawn = pdf.pages[0].obj.Resources.XObject.Im
    drawn.write(image, filter=Name.DCTDecode)
    pdf.pages[0].obj.Resources.XObject.Other = Stream(pdf, image, Dictionary(dict(drawn.stream_dict.items())))
    form = Stream(pdf, contents.replace(b"/Form Do", b""), Type=Name.XObject, Subtype=Name.Form)
    form.BBox, form.Resources = Array([0, 0, 200, 200]), Dictionary(dict(pdf.pages[0].obj.Resources.items()))
    pdf.pages[0].obj.Resources.XObject.Form = form
    pdf.pages[0].obj.Contents = Stream(pdf, contents)
    pdf.save(folder / "in.pdf")
    return blank_pages(folder / "in.pdf", LIMITS)


PLACED = b"q 119.52 0 0 168.48 0 0 cm /Im Do Q"


def test_pages_without_a_mark_are_blank(tmp_path: Path):
    """A page that draws nothing, and one that draws an empty image, itself or in a form."""
    assert _found(tmp_path, b"q Q") == (0,)
    assert _found(tmp_path, PLACED) == (0,)
    assert _found(tmp_path, PLACED, MARKED) == ()


@pytest.mark.parametrize(
    "more",
    [
        b"BT /F1 8 Tf 20 20 Td (7) Tj ET",
        b"BT /F1 8 Tf 3 Tr (found, not shown) Tj ET",
        b"0 0 m 100 100 l S",
        b"10 10 5 5 re f",
        b"BI /W 1 /H 1 /BPC 8 /CS /G ID \x00 EI",
        b"q 50 0 0 50 0 0 cm /Other Do Q",
        b"/Pattern sh",
    ],
)
def test_anything_else_drawn_is_a_mark(tmp_path: Path, more: bytes):
    """Text (also unseen), lines, areas, inline images, shadings and second images make a page not blank."""
    assert _found(tmp_path, PLACED + b" " + more) == ()
    assert _found(tmp_path, more + b" /Form Do") == ()


def test_images_that_cannot_be_read_are_not_blank(tmp_path: Path):
    """A coding that is not decoded here, a stencil, a soft mask or damaged data: in doubt the page stays."""
    for change in ({"/Filter": Name.JPXDecode}, {"/ImageMask": True}, {"/Decode": Array([0, 0.5] * 3)}):
        pdf = scan()
        image = pdf.pages[0].obj.Resources.XObject.Im
        image.write(EMPTY, filter=Name.DCTDecode)
        for key, value in change.items():
            image[key] = value
        pdf.save(tmp_path / "in.pdf")
        assert blank_pages(tmp_path / "in.pdf", LIMITS) == ()
    assert _found(tmp_path, PLACED, EMPTY[: len(EMPTY) // 2]) == ()


def test_blank_pages_are_left_out_and_counted(tmp_path: Path):
    """The others stay in order, the file keeps its marks of an archive, and the note names what is gone."""
    before = converted(tmp_path, MARKED, EMPTY, saved(page(width_px=200), "JPEG", dpi=DPI), EMPTY)
    after = drop_blanks(before, LIMITS)
    checked(after.path)
    assert after.notes == ("2 blank pages were left out (pages 2 and 4 of the scan).",)
    assert after.pages == (before.pages[0], before.pages[2])
    assert page_sizes(after.path) == [(119.52, 168.48), (144, 168.48)]
    assert after.size_bytes == after.path.stat().st_size
    assert difference(rendered(after.path, 100, 1), page()) < SAME
    assert difference(rendered(after.path, 100, 2), page(width_px=200)) < SAME
    data = unpacked(after.path)
    assert b"<pdfaid:part>2</pdfaid:part>" in data
    assert b"/GTS_PDFA1" in data
    assert data.count(b"/Subtype /Image") == 2
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.pdf"]


def test_one_blank_page_is_told_as_one(tmp_path: Path):
    """The note about a single page is in the singular."""
    assert drop_blanks(converted(tmp_path, EMPTY, MARKED), LIMITS).notes == (
        "1 blank page was left out (page 1 of the scan).",
    )


def test_all_pages_blank_means_none_is_left_out(tmp_path: Path):
    """An empty document is never made; its reader is told."""
    before = converted(tmp_path, EMPTY, EMPTY)
    data = before.path.read_bytes()
    after = drop_blanks(before, LIMITS)
    assert after.notes == (ALL_BLANK,)
    assert (after.pages, after.path.read_bytes()) == (before.pages, data)


def test_a_page_with_a_flaw_stays(tmp_path: Path):
    """What was salvaged may look blank because the rest is missing."""
    before = converted(tmp_path, EMPTY, MARKED)
    flawed = Page(before.pages[0].width_pt, before.pages[0].height_pt, "encoded", "The rest is missing.")
    document = Document(before.path, (flawed, before.pages[1]), before.size_bytes)
    assert drop_blanks(document, LIMITS) is document


def test_flaws_are_told_with_the_numbers_of_the_pages_that_are_left(tmp_path: Path):
    """A flaw on page 3 of the scan is one on page 2 of the PDF when page 1 was blank; other notes stay as they are."""
    before = converted(tmp_path, EMPTY, MARKED, MARKED)
    pages = (*before.pages[:2], replace(before.pages[2], flaw="It is torn."))
    after = drop_blanks(replace(before, pages=pages, notes=("Repaired.", "Page 3: It is torn.")), LIMITS)
    assert after.notes == ("Repaired.", "Page 2: It is torn.", "1 blank page was left out (page 1 of the scan).")


def test_same_input_gives_same_bytes(tmp_path: Path):
    """Nothing in the file depends on when or where it was made."""
    made = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.add(drop_blanks(converted(tmp_path / name, MARKED, EMPTY), LIMITS).path.read_bytes())
    assert len(made) == 1


def test_page_trees_of_several_levels_stay_whole(tmp_path: Path):
    """Pages below inner nodes keep what they show when others go."""
    pdf = Pdf.open(converted(tmp_path, MARKED, EMPTY, MARKED, MARKED).path)
    pages = [one.obj for one in pdf.pages]
    inner = pdf.make_indirect(Dictionary(Type=Name.Pages, Parent=pdf.Root.Pages, Kids=Array(pages[:2]), Count=2))
    for one in pages[:2]:
        one.Parent = inner
    pdf.Root.Pages.Kids = Array([inner, *pages[2:]])
    path = tmp_path / "deep.pdf"
    pdf.save(path)
    found = tuple(Page(119.52, 168.48, "passed") for _ in range(4))
    after = drop_blanks(Document(path, found, path.stat().st_size), LIMITS)
    checked(path)
    assert len(after.pages) == 3
    assert [difference(rendered(path, 100, number), page()) < SAME for number in (1, 2, 3)] == [True] * 3


def few_colours(sheet: Image.Image, form: str) -> bytes:
    """The sheet in sixteen colours, as a TIFF or PNG; such pages keep their colours exactly, in a palette."""
    drawn = sheet.quantize(16, dither=Image.Dither.NONE)
    if form == "PNG":
        return saved(drawn, form, dpi=(sheets.DPI, sheets.DPI))
    return saved(drawn.convert("RGB"), form, compression="tiff_lzw", dpi=(sheets.DPI, sheets.DPI))


@pytest.mark.parametrize("form", ["TIFF", "PNG"])
def test_pages_of_few_colours_are_looked_at(tmp_path: Path, form: str):
    """A page that stands in the PDF with a palette is blank like any other, and not when something is on it."""
    pages = [
        sheets.dusty(sheets.paper(grain=0)),
        sheets.pencilled(sheets.paper(grain=0)),
        sheets.dusty(sheets.paper((250, 250, 240), grain=2)),
        sheets.written(sheets.paper(grain=0), "7", 9, (100, 140)),
    ]
    document = converted(tmp_path, *(few_colours(one, form) for one in pages))
    with Pdf.open(document.path) as pdf:
        images = [next(iter(one.obj.Resources.XObject.values())) for one in pdf.pages]
        assert [str(one.ColorSpace[0]) for one in images] == ["/Indexed"] * 4
    assert blank_pages(document.path, LIMITS) == (0, 2)
