"""Incoming PDFs that become PDF/A-2b, and those that cannot."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, StreamDecodeLevel, String

from image.pdf.joining import join_pdfs
from tests.image.drawn import SAME, difference, page
from tests.image.poppler import checked, rendered, text_of
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, RECIPE, cleaning, scan

CLAIM = b"pdfaid:part"


def holds_to_the_file_rules(data: bytes) -> None:
    """ISO 19005-2 6.1: header, trailer, objects and streams as they must be spelt."""
    assert re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4,}", data)
    trailer = data[data.rindex(b"trailer") :]
    assert re.search(rb"/ID \[\s*<[0-9a-f]{32}>\s*<[0-9a-f]{32}>", trailer)
    assert b"/Encrypt" not in trailer
    assert trailer.endswith(b"%%EOF\n")
    assert b"/ObjStm" not in data
    assert len(re.findall(rb"\bendstream\b", data)) == len(re.findall(rb"\nendstream\nendobj\n", data))
    assert len(re.findall(rb"\n\d+ 0 obj\n", data)) == data.count(b"\nendobj\n")


def test_a_scan_becomes_pdfa(tmp_path: Path):
    """A scanner's PDF of images carries the marks, and its images keep their bytes."""
    found = cleaning(tmp_path, scan(2))
    assert found.plain_because == ""
    data = (tmp_path / "out.pdf").read_bytes()
    holds_to_the_file_rules(data)
    assert data.count(JPEG) == 2
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        packet = pdf.Root.Metadata.read_raw_bytes()
        assert b"<pdfaid:part>2<" in packet
        assert b"<pdfaid:conformance>B<" in packet
        assert "/Filter" not in pdf.Root.Metadata
        (intent,) = list(pdf.Root.OutputIntents)
        assert intent.S == Name.GTS_PDFA1
        assert intent.DestOutputProfile.N == 3
        assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"
        assert set(pdf.Root.keys()) == {"/Type", "/Pages", "/Metadata", "/OutputIntents"}


def test_the_same_bytes_every_time(tmp_path: Path):
    """The same file and time give the same bytes."""
    cleaning(tmp_path, scan())
    first = (tmp_path / "out.pdf").read_bytes()
    cleaning(tmp_path, (tmp_path / "in.pdf").read_bytes())
    assert (tmp_path / "out.pdf").read_bytes() == first


def test_pdfa_may_be_unwanted(tmp_path: Path):
    """Without the archive there are no marks, whatever the file claimed."""
    cleaning(tmp_path, scan())
    claiming = (tmp_path / "out.pdf").read_bytes()
    found = cleaning(tmp_path, claiming, recipe=replace(RECIPE, is_archive=False))
    assert found.plain_because
    assert CLAIM not in (tmp_path / "out.pdf").read_bytes()


def image(pdf: Pdf) -> Stream:
    """The image of the first page."""
    found = pdf.pages[0].obj.Resources.XObject["/Im"]
    assert isinstance(found, Stream)
    return found


def smooth(pdf: Pdf) -> None:
    """An image that is to be smoothed."""
    image(pdf).Interpolate = True


def press(pdf: Pdf) -> None:
    """An image in the colours of a press."""
    image(pdf).ColorSpace = Name.DeviceCMYK


def lzw_mask(pdf: Pdf) -> None:
    """An image whose mask is packed by LZW."""
    mask = Stream(
        pdf, b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Type=Name.XObject, Subtype=Name.Image, Width=3, Height=3
    )
    mask.ColorSpace, mask.BitsPerComponent, mask.Filter = Name.DeviceGray, 8, Name.LZWDecode
    image(pdf).SMask = mask


def write(pdf: Pdf) -> None:
    """Visible text."""
    pdf.pages[0].obj.Contents = Stream(pdf, b"BT /F1 12 Tf (Words) Tj ET")


def blend(pdf: Pdf) -> None:
    """Colours that are blended."""
    pdf.pages[0].obj.Resources.ExtGState = Dictionary(G=Dictionary(BM=Name.Multiply))


def layer(pdf: Pdf) -> None:
    """A layer."""
    one = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([one]), D=Dictionary())


def tiny(pdf: Pdf) -> None:
    """A page smaller than a page may be."""
    pdf.pages[0].obj.MediaBox = Array([0, 0, 2, 100])


def form_of_itself(pdf: Pdf) -> None:
    """A form that draws itself."""
    form = pdf.make_indirect(Stream(pdf, b"/Fm Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9])))
    form.Resources = Dictionary(XObject=Dictionary(Fm=form))
    pdf.pages[0].obj.Resources.XObject["/Fm"] = form


def long_instructions(pdf: Pdf) -> None:
    """More instructions than are examined."""
    pdf.pages[0].obj.Contents = Stream(pdf, b"q Q " * 100_000)


HINDERED: list[tuple[Callable[[Pdf], None], str]] = [
    (smooth, "smoothed"),
    (press, "CMYK"),
    (lzw_mask, "LZW"),
    (write, "visible text"),
    (blend, "blended"),
    (layer, "layers"),
    (tiny, "size"),
    (form_of_itself, "itself"),
    (long_instructions, "too long"),
]


@pytest.mark.parametrize(("hinder", "why"), HINDERED)
def test_what_cannot_be_pdfa_stays_plain(tmp_path: Path, hinder: Callable[[Pdf], None], why: str):
    """A file that breaks a rule is delivered as plain PDF, without marks, and the log learns why and where."""
    pdf = scan()
    pdf.Root.Metadata = Stream(pdf, b"<pdfaid:part>2</pdfaid:part>")
    hinder(pdf)
    found = cleaning(tmp_path, pdf, compress_streams=False, stream_decode_level=StreamDecodeLevel.none)
    assert why in found.plain_because
    assert CLAIM not in (tmp_path / "out.pdf").read_bytes()


def test_recognised_words_stay(tmp_path: Path):
    """Words laid invisibly over a page, as scanners with recognition do, stay, and the file can be PDF/A."""
    pdf = scan()
    pdf.pages[0].obj.Resources.Font.F1.Encoding = Name.WinAnsiEncoding
    pdf.pages[0].contents_add(b"BT 3 Tr /F1 12 Tf 20 20 Td (Words) Tj ET")
    found = cleaning(tmp_path, pdf)
    assert found.plain_because == ""
    assert "Words" in text_of(tmp_path / "out.pdf")
    assert difference(rendered(tmp_path / "out.pdf", 100), page()) < SAME


def test_a_form_around_the_image(tmp_path: Path):
    """An image within a form, with a mask, a palette and a profile, is looked into."""
    pdf = scan()
    first = pdf.pages[0].obj
    mask = Stream(pdf, bytes([255]), Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8)
    mask.ColorSpace = Name.DeviceGray
    image(pdf).SMask = mask
    inner = Stream(pdf, first.Contents.read_bytes(), Type=Name.XObject, Subtype=Name.Form)
    inner.BBox, inner.Resources = Array([0, 0, 200, 200]), first.Resources
    first.Resources, first.Contents = Dictionary(XObject=Dictionary(Fm=inner)), Stream(pdf, b"q /Fm Do Q")
    assert cleaning(tmp_path, pdf).plain_because == ""
    assert difference(rendered(tmp_path / "out.pdf", 100), page()) < SAME
    mask.Interpolate = True
    assert "smoothed" in cleaning(tmp_path, pdf).plain_because


def test_joined_scans_become_pdfa(tmp_path: Path):
    """Parts that may be PDF/A give one file that is; one that may not gives a plain one."""
    scan().save(tmp_path / "a.pdf")
    scan(2).save(tmp_path / "b.pdf")
    poor = scan()
    write(poor)
    poor.save(tmp_path / "c.pdf")
    a, b, c = (tmp_path / f"{name}.pdf" for name in "abc")
    assert join_pdfs([a, b], tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE).plain_because == ""
    checked(tmp_path / "out.pdf")
    holds_to_the_file_rules((tmp_path / "out.pdf").read_bytes())
    assert CLAIM in (tmp_path / "out.pdf").read_bytes()
    found = join_pdfs([a, b, c], tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE)
    assert found.plain_because.startswith("page 4 has visible text")
    assert CLAIM not in (tmp_path / "out.pdf").read_bytes()
