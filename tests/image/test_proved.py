"""Pictures that pass as they came, damaged in their midst: told by default, in images and in PDFs alike."""

import zlib
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Encryption, Name, Pdf, Stream, StreamDecodeLevel
from PIL import Image

from image.codec.complaints import FLAW
from image.document import Limits
from image.notes import quick_pages
from image.pdf.clean import REPAIRED, clean_pdf
from image.recipe import Check, Recipe
from tests.image.drawn import g4_strip, page, saved
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, cleaning, plain, scan
from tests.image.through_convert import converted

EOI = b"\xff\xd9"
CUT = JPEG[: len(JPEG) * 2 // 3] + EOI
QUICK = Recipe(check=Check.QUICK)
G4 = g4_strip(page("1", 600, 800))
CUT_G4 = G4[: len(G4) // 2] + G4[len(G4) // 2 + 40 :]
GREY = page("L", 166, 234).tobytes()


def test_a_cut_jpeg_is_named(tmp_path: Path):
    """Half a page closed by an end mark is delivered, and the mail says which page it is."""
    document = converted(tmp_path, JPEG, CUT, JPEG)
    assert [one.flaw for one in document.pages] == ["", FLAW, ""]
    assert document.notes == (f"Page 2: {FLAW}",)


def test_a_quick_check_is_quick(tmp_path: Path):
    """Who asks for it gets the same page without a look at it."""
    assert converted(tmp_path, CUT, recipe=QUICK).notes == ()


def image_of(pdf: Pdf, kind: str, *, is_whole: bool) -> Stream:
    """A picture as scanners put it into a PDF."""
    image = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Image, Width=166, Height=234, BitsPerComponent=8)
    match kind:
        case "jpeg":
            image.write(JPEG if is_whole else CUT, filter=Name.DCTDecode)
            image.ColorSpace = Name.DeviceRGB
        case "g4" | "stencil":
            parms = Dictionary(K=-1, Columns=600, Rows=800)
            image.write(G4 if is_whole else CUT_G4, filter=Name.CCITTFaxDecode, decode_parms=parms)
            image.Width, image.Height, image.BitsPerComponent = 600, 800, 1
            if kind == "g4":
                image.ColorSpace = Name.DeviceGray
            else:
                image.ImageMask = True
        case _:
            packed = zlib.compress(GREY if is_whole or kind == "flate" else GREY[: len(GREY) // 2])
            image.write(packed if is_whole or kind == "short" else packed[: len(packed) // 2], filter=Name.FlateDecode)
            image.ColorSpace = Name.DeviceGray
    return image


@pytest.mark.parametrize("kind", ["jpeg", "g4", "stencil", "short", "flate"])
def test_a_damaged_picture_in_a_pdf_is_named(tmp_path: Path, kind: str):
    """The pages that show it say so; those with a whole one of the same kind do not, and the pictures are untouched."""
    pdf = scan(4)
    whole, broken = (image_of(pdf, kind, is_whole=is_whole) for is_whole in (True, False))
    for number, image in ((0, whole), (1, broken), (3, broken)):
        pdf.pages[number].obj.Resources.XObject["/Im"] = pdf.make_indirect(image)
    before = broken.read_raw_bytes()
    found = cleaning(tmp_path, pdf)
    assert [one.flaw for one in found.pages] == ["", FLAW, "", FLAW]
    assert before in (tmp_path / "out.pdf").read_bytes()
    assert [one.flaw for one in cleaning(tmp_path, pdf, recipe=QUICK).pages] == [""] * 4


def test_a_picture_within_a_form_counts(tmp_path: Path):
    """Scanners' software nests; what a form shows belongs to its page."""
    pdf = scan(2)
    form = Stream(pdf, b"q 9 0 0 9 0 0 cm /In Do Q", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.Resources = Dictionary({"/XObject": Dictionary({"/In": image_of(pdf, "jpeg", is_whole=False)})})
    pdf.pages[1].obj.Resources.XObject["/Im"] = form
    assert [one.flaw for one in cleaning(tmp_path, pdf).pages] == ["", FLAW]


def test_a_repaired_pdf_with_a_cut_picture_is_delivered(tmp_path: Path):
    """Its table rebuilt and a picture cut: both are said, and the pages come."""
    pdf = scan(2)
    pdf.pages[1].obj.Resources.XObject["/Im"] = pdf.make_indirect(image_of(pdf, "jpeg", is_whole=False))
    pdf.save(tmp_path / "a.pdf")
    data = (tmp_path / "a.pdf").read_bytes()
    at = data.rindex(b"startxref\n") + 10
    found = cleaning(tmp_path, data[:at] + b"7" + data[at:])
    assert (found.notes, [one.flaw for one in found.pages]) == ((REPAIRED,), ["", FLAW])


@pytest.mark.parametrize(
    ("entries", "data"),
    [
        ({"Width": 0}, JPEG),
        ({"Width": 10**9, "Height": 10**9}, JPEG),
        ({"Filter": Name.JBIG2Decode}, b"whatever"),
        ({"Filter": Array([Name.ASCII85Decode, Name.DCTDecode])}, b"whatever"),
        ({"Filter": Name.CCITTFaxDecode, "DecodeParms": Dictionary(K=0)}, b"whatever"),
        ({"Filter": Name.CCITTFaxDecode, "DecodeParms": Dictionary(K=Name.Odd)}, b"whatever"),
        ({"Filter": Name.FlateDecode, "ColorSpace": Array([Name.Separation])}, b"whatever"),
    ],
)
def test_what_is_not_known_is_not_judged(tmp_path: Path, entries: dict[str, object], data: bytes):
    """Of other codings, and of dictionaries that make no sense, nothing is said, and nothing fails."""
    pdf = scan(1)
    image = image_of(pdf, "jpeg", is_whole=True)
    image.write(data, filter=Name.DCTDecode)
    for key, value in entries.items():
        image[f"/{key}"] = value
    pdf.pages[0].obj.Resources.XObject["/Im"] = pdf.make_indirect(image)
    pdf.save(tmp_path / "a.pdf", stream_decode_level=StreamDecodeLevel.none)
    found = clean_pdf(tmp_path / "a.pdf", tmp_path / "out.pdf", LIMITS, MADE_AT, Recipe())
    assert [one.flaw for one in found.pages] == [""]


def test_an_encrypted_pdf_is_decrypted_first(tmp_path: Path):
    """Encrypted streams look like damage until they are decrypted: none is told."""
    found = cleaning(tmp_path, scan(1), encryption=Encryption(owner="owner", user=""))
    assert [one.flaw for one in found.pages] == [""]


def test_a_long_scan_is_done_all_the_same(tmp_path: Path):
    """Behind the pixels that are decoded the ends alone are looked at, and it is known of which pages."""
    large = saved(Image.new("L", (12_000, 12_000), 255), "JPEG", dpi=(1200, 1200))
    document = converted(tmp_path, *[large] * 5, JPEG, limits=Limits())
    assert [one.is_quick for one in document.pages] == [False] * 4 + [True] * 2
    assert quick_pages(document.pages) == "pages 5 and 6"
    assert quick_pages(converted(tmp_path, JPEG).pages) == ""


def test_the_effort_is_one_for_all_files(tmp_path: Path):
    """PDFs and images of one scan share what may be spent."""
    large = saved(Image.new("L", (12_000, 12_000), 255), "JPEG", dpi=(1200, 1200))
    document = converted(tmp_path, *[large] * 5, plain(1))
    assert [one.is_quick for one in document.pages] == [False] * 4 + [True] * 2
