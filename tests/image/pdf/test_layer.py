from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from image.document import Limits
from image.pdf.layer import Target, has_odd_signs
from image.pdf.skew import straighten
from tests.image.poppler import checked, text_of
from tests.image.scanned_pdf import font, plain, scan


def read_pdf(
    path: Path, pages: int, text: bytes = b"BT 3 Tr /F1 12 Tf 10 20 Td (found) Tj ET", turned: int = 0
) -> Path:
    """A scanner's pages as OCRmyPDF leaves them, with ``text`` in a form."""
    pdf = scan(pages)
    for page in pdf.pages:
        form = Stream(pdf, text, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 119.52, 168.48]))
        form.Resources = Dictionary(Font=font())
        page.obj.Resources.XObject["/OCR-x1"] = form
        page.contents_add(b"q 2 0 0 2 0 0 cm /OCR-x1 Do Q\n", prepend=True)
        if turned:
            page.obj.Rotate = turned
    pdf.save(path)
    return path


def composite(pdf: Pdf, glyphs: bytes) -> Dictionary:
    """A font of two-byte characters with this map to glyphs."""
    descendant = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, CIDToGIDMap=Stream(pdf, glyphs))
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, Encoding=Name("/Identity-H"), DescendantFonts=Array([descendant])
    )


@pytest.mark.parametrize(
    ("text", "is_odd"),
    [
        (b"BT /F1 9 Tf <00010002> Tj ET", False),
        (b"BT /F1 9 Tf <00010000> Tj ET", True),
        (b"BT /F1 9 Tf [<0001> -20 <0003>] TJ ET", True),
        (b"BT /F2 9 Tf <0001> Tj ET", True),
        (b"BT /F1 9 Tf ET", False),
    ],
)
def test_signs_without_a_glyph_are_noticed(text: bytes, is_odd: bool):  # noqa: FBT001  the value is the example
    """Glyph 0, a character outside the map, and a font of another kind all count as signs the font lacks."""
    pdf = Pdf.new()
    form = Stream(pdf, text)
    form.Resources = Dictionary(Font=Dictionary(F1=composite(pdf, b"\x00\x00\x00\x05\x00\x06"), F2=font().F1))
    assert has_odd_signs(form) is is_odd


def test_text_is_taken_over_page_by_page(tmp_path: Path):
    """Pages that share their resources get each their own text, at its place; the turn comes with it."""
    source, out = tmp_path / "in.pdf", tmp_path / "out.pdf"
    pdf = scan(3)
    shared = pdf.make_indirect(pdf.pages[0].obj.Resources)
    for page in pdf.pages:
        page.obj.Resources = shared
    pdf.save(source)
    target = Target(source)
    taken = target.take_over(2, read_pdf(tmp_path / "read.pdf", 2, turned=90))
    target.save(out, Limits())
    target.close()
    assert [(one.turned, one.has_text) for one in taken] == [(90, True), (90, True)]
    assert [page.split() for page in text_of(out).split("\f")[:3]] == [[], ["found"], ["found"]]
    with Pdf.open(out) as made:
        assert [int(page.obj.get("/Rotate", 0)) for page in made.pages] == [0, 90, 90]
        assert bytes(made.pages[1].obj.Contents[0].read_bytes()) == b"q 2 0 0 2 0 0 cm /Text Do Q\n"
    checked(out)


def test_a_form_without_text_is_no_text(tmp_path: Path):
    """A page that OCRmyPDF found nothing on stays as it is."""
    (tmp_path / "in.pdf").write_bytes(plain())
    target = Target(tmp_path / "in.pdf")
    (taken,) = target.take_over(1, read_pdf(tmp_path / "read.pdf", 1, text=b"BT 3 Tr ET"))
    target.close()
    assert not taken.has_text


def test_the_claim_can_be_dropped(tmp_path: Path):
    """A PDF that loses its claim to be PDF/A loses the packet it stood in, and nothing else."""
    source, out = tmp_path / "in.pdf", tmp_path / "out.pdf"
    pdf = scan()
    pdf.Root.Metadata = Stream(pdf, b"<pdfaid:part>2</pdfaid:part>")
    pdf.save(source)
    target = Target(source)
    target.drop_claim()
    target.drop_claim()
    target.save(out, Limits())
    target.close()
    assert b"pdfaid" not in out.read_bytes()
    checked(out)


@pytest.mark.parametrize("contents", [b"q /Im Do", b"Q q /Im Do", b"/Im Do Q"])
def test_a_page_in_disorder_is_not_straightened(contents: bytes):
    """A page whose instructions do not put back what they changed stays as it is."""
    pdf = scan()
    page = pdf.pages[0]
    page.obj.Contents = Stream(pdf, contents)
    assert not straighten(page, 2.0)
    assert page.obj.Contents.read_bytes() == contents
