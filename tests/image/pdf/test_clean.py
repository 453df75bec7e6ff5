"""Incoming PDFs, cleaned."""

from pathlib import Path
from typing import Literal

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from image.errors import ScanFault
from image.pdf.clean import UNPROTECTED, UNSIGNED, clean_pdf
from image.pdf.flatten import FLATTENED
from tests.image.poppler import page_sizes, rendered, text_of, unpacked
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, RECIPE, cleaned, fault_of, font, plain, scan


def test_a_clean_scan_stays_as_it_is(tmp_path: Path):
    """Images keep their bytes, pages their boxes; nothing is noted."""
    pdf = scan(2)
    pdf.pages[0].obj.CropBox = Array([10, 10, 100, 150])
    pdf.pages[1].obj.Rotate = 90
    out, notes = cleaned(tmp_path, pdf)
    assert notes == ()
    assert out.read_bytes().count(JPEG) == 2
    with pikepdf.open(out) as found:
        assert list(found.pages[0].cropbox) == [10, 10, 100, 150]
        assert found.pages[1].obj.Rotate == 90
        assert found.docinfo["/Producer"] == "scangate"


def test_pages_are_told_as_shown(tmp_path: Path):
    """The size of a page is what a reader shows: cropped, turned, in its own unit."""
    pdf = scan(3)
    pdf.pages[0].obj.CropBox = Array([10, 10, 100, 150])
    pdf.pages[1].obj.Rotate = 270
    pdf.pages[2].obj.UserUnit = 2
    pdf.save(tmp_path / "in.pdf")
    pages = clean_pdf(tmp_path / "in.pdf", tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE).pages
    sizes = [(90, 140), (168.48, 119.52), (239.04, 336.96)]
    assert [(one.width_pt, one.height_pt) for one in pages] == [pytest.approx(size) for size in sizes]


def field(pdf: Pdf, text: str) -> None:
    """A filled form field without an appearance of its own, as many fillers leave it."""
    one = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("a"), V=String(text), F=4)
    one.Rect, one.DA = Array([10, 10, 110, 30]), String("/F1 12 Tf 0 g")
    added = pdf.make_indirect(one)
    pdf.pages[0].obj.Annots = Array([added])
    pdf.Root.AcroForm = Dictionary(Fields=Array([added]), NeedAppearances=True, DR=Dictionary(Font=font()))
    pdf.Root.AcroForm.DA = String("/F1 12 Tf 0 g")


def test_a_filled_form_stays_readable(tmp_path: Path):
    """What stood in a form field stands on the page, and the form is gone."""
    pdf = scan()
    field(pdf, "Paid")
    out, notes = cleaned(tmp_path, pdf)
    assert "Paid" in text_of(out)
    assert notes == (FLATTENED,)
    assert b"AcroForm" not in unpacked(out)


def test_a_lost_signature_is_told(tmp_path: Path):
    """Whoever gets the mail learns that the signature is gone."""
    pdf = scan()
    field(pdf, "x")
    pdf.Root.AcroForm.SigFlags = 3
    assert UNSIGNED in cleaned(tmp_path, pdf)[1]


def test_a_hidden_layer_stays_hidden(tmp_path: Path):
    """Layers that were switched off are not shown by cleaning."""
    pdf = scan()
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    pdf.pages[0].obj.Resources.Properties = Dictionary(L=layer)
    pdf.pages[0].obj.Contents = Stream(pdf, b"/OC /L BDC 0 0 119 168 re f EMC")
    out, _ = cleaned(tmp_path, pdf)
    assert rendered(out, 50).convert("L").getextrema() == (255, 255)


@pytest.mark.parametrize("revision", [2, 3, 4, 6])
def test_an_empty_password_opens(tmp_path: Path, revision: Literal[2, 3, 4, 6]):
    """A PDF that any reader opens is opened; its protection goes, and that is told."""
    rules = pikepdf.Encryption(owner="owner", user="", R=revision, aes=revision >= 4, metadata=revision >= 4)
    out, notes = cleaned(tmp_path, scan(), encryption=rules)
    assert notes == (UNPROTECTED,)
    with pikepdf.open(out) as found:
        assert not found.is_encrypted


def test_a_password_is_needed(tmp_path: Path):
    """A PDF that asks for a password is refused as such."""
    rules = pikepdf.Encryption(owner="owner", user="secret")
    assert fault_of(tmp_path, scan(), encryption=rules) is ScanFault.ENCRYPTED


def test_a_page_without_a_size_is_letter(tmp_path: Path):
    """A page that states no size gets the one every reader assumes."""
    pdf = scan()
    del pdf.pages[0].obj["/MediaBox"]
    out, _ = cleaned(tmp_path, pdf)
    assert page_sizes(out) == [(612, 792)]


def test_streams_are_not_unpacked(tmp_path: Path):
    """A stream that would unpack to a gigabyte is passed as it came."""
    pdf = scan()
    data = plain()
    bomb = Stream(pdf, bytes(10**7))
    pdf.pages[0].obj.Resources.XObject["/Bomb"] = bomb
    out, _ = cleaned(tmp_path, pdf)
    assert out.stat().st_size < len(data) + 30_000
