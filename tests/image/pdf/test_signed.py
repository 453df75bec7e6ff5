"""Signed PDFs: passed as they are, cleaned with a word, or refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Encryption, Name, Pdf, Stream, String

from image.convert import to_pdf
from image.document import Limits
from image.errors import ScanError, ScanFault
from image.pdf.clean import PASSED_SIGNED, REPAIRED, UNPROTECTED, UNSIGNED
from image.recipe import Recipe, Signed
from tests.image.outcome import outcome
from tests.image.poppler import unpacked
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, RECIPE, cleaning, scan
from tests.image.signed_pdf import is_valid, signed, with_signature

REMOVE = replace(RECIPE, signed=Signed.REMOVE)
REFUSE = replace(RECIPE, signed=Signed.REFUSE)


def test_a_signed_pdf_is_passed_as_it_is(tmp_path: Path):
    """Its bytes stay, its signature stays valid, its pages are told, and the log says why it is no PDF/A."""
    data = signed(scan(2))
    found = cleaning(tmp_path, data)
    assert (tmp_path / "out.pdf").read_bytes() == data
    assert is_valid(tmp_path / "out.pdf")
    assert [(page.width_pt, page.height_pt, page.action) for page in found.pages] == [(119.52, 168.48, "passed")] * 2
    assert (found.notes, found.plain_because) == ((), PASSED_SIGNED)


def test_the_whole_way(tmp_path: Path):
    """So it goes through to_pdf, where the second reader looks at it."""
    (tmp_path / "in.pdf").write_bytes(signed(scan()))
    document = to_pdf([tmp_path / "in.pdf"], tmp_path / "out.pdf", LIMITS, MADE_AT, Recipe())
    assert document.plain_because == PASSED_SIGNED
    assert is_valid(document.path)


def test_a_change_breaks_the_signature(tmp_path: Path):
    """The judge of these tests does see a changed byte."""
    data = signed(scan())
    (tmp_path / "a.pdf").write_bytes(data.replace(JPEG, JPEG[:-2] + b"\xff\xd8"))
    assert not is_valid(tmp_path / "a.pdf")


@pytest.mark.parametrize(
    ("before", "behind"), [(b"\x1b%-12345X@PJL\r\n@PJL ENTER LANGUAGE=PDF\r\n", b""), (b"", b"\n")]
)
def test_the_wrapper_of_a_signed_pdf_goes(tmp_path: Path, before: bytes, behind: bytes):
    """What stands in front of the header is no part of the file; what stands behind its end stays."""
    data = signed(scan())
    cleaning(tmp_path, before + data + behind)
    assert (tmp_path / "out.pdf").read_bytes() == data + behind
    assert is_valid(tmp_path / "out.pdf")


def test_a_signature_may_be_unwanted(tmp_path: Path):
    """Where signatures are to be removed, the page is cleaned and the reader told."""
    found = cleaning(tmp_path, signed(scan()), recipe=REMOVE)
    assert UNSIGNED in found.notes
    assert b"PKCS" not in unpacked(tmp_path / "out.pdf")


def test_a_signed_pdf_may_be_refused(tmp_path: Path):
    """Where signed PDFs are not wanted at all, they are refused as such; others are not."""
    found = outcome(lambda: cleaning(tmp_path, signed(scan()), recipe=REFUSE))
    assert isinstance(found, ScanError)
    assert found.fault is ScanFault.SIGNED
    assert cleaning(tmp_path, scan(), recipe=REFUSE).notes == ()


def action(**entries: object) -> Callable[[Pdf], None]:
    """A link with this action."""

    def poison(pdf: Pdf) -> None:
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 50, 50]))
        link.A = Dictionary({f"/{key}": value for key, value in entries.items()})
        pdf.pages[0].obj.Annots = Array([link])

    return poison


def at_root(key: str, value: Callable[[Pdf], object]) -> Callable[[Pdf], None]:
    """Something in the catalog."""

    def poison(pdf: Pdf) -> None:
        pdf.Root[key] = value(pdf)

    return poison


def annotation(kind: str) -> Callable[[Pdf], None]:
    """An annotation of this kind."""

    def poison(pdf: Pdf) -> None:
        one = Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=Array([0, 0, 50, 50]))
        pdf.pages[0].obj.Annots = Array([one])

    return poison


def attach(pdf: Pdf) -> None:
    """An attachment."""
    pdf.attachments["a.txt"] = b"a"


def fetch(pdf: Pdf) -> None:
    """An image that lies in another file."""
    pdf.pages[0].obj.Resources.XObject["/Im"].F = String("other.jpg")


def chained(pdf: Pdf) -> None:
    """A harmless action with another behind it."""
    action(S=Name.GoTo, D=String("a"))(pdf)
    pdf.pages[0].obj.Annots[0].A.Next = Array([pdf.make_indirect(Dictionary(S=Name.Unheard))])


SCRIPT = Dictionary(S=Name.JavaScript, JS=String("1"))
ACTING = {
    "script": action(S=Name.JavaScript, JS=String("1")),
    "launch": action(S=Name.Launch, F=String("a.exe")),
    "submit": action(S=Name.SubmitForm),
    "import": action(S=Name.ImportData),
    "other file": action(S=Name.GoToR, F=String("b.pdf")),
    "print": action(S=Name.Named, N=Name.Print),
    "unheard of": action(S=Name.Unheard),
    "address that is a script": action(S=Name.URI, URI=String("javascript:alert(1)")),
    "address of a file": action(S=Name.URI, URI=String(" FILE:///etc/passwd")),
    "chain": chained,
    "open action": at_root("/OpenAction", lambda _: SCRIPT),
    "additional actions": at_root("/AA", lambda _: Dictionary(WC=SCRIPT)),
    "names": at_root("/Names", lambda _: Dictionary(JavaScript=Dictionary(Names=Array([String("a"), SCRIPT])))),
    "portfolio": at_root("/Collection", lambda _: Dictionary()),
    "attachment": attach,
    "film": annotation("/Movie"),
    "rich media": annotation("/RichMedia"),
    "model": annotation("/3D"),
    "file": annotation("/FileAttachment"),
    "outside": fetch,
}


@pytest.mark.parametrize("what", ACTING)
def test_what_acts_is_never_passed(tmp_path: Path, what: str):
    """A signed PDF in which anything acts is cleaned, and the reader learns that the signature is gone."""
    pdf = scan()
    ACTING[what](pdf)
    found = cleaning(tmp_path, signed(pdf))
    assert is_valid(tmp_path / "in.pdf")
    assert not found.is_untouched
    assert UNSIGNED in found.notes


def xfa(pdf: Pdf) -> None:
    """A form of the other kind."""
    with_signature(pdf).Root.AcroForm.XFA = Stream(pdf, b"<xfa/>")


def test_a_form_of_xml_is_never_passed(tmp_path: Path):
    """Nor is a signed PDF with an XFA form."""
    pdf = scan()
    xfa(pdf)
    assert cleaning(tmp_path, pdf).notes == (UNSIGNED,)


HARMLESS = {
    "link": action(S=Name.URI, URI=String("https://example.org/")),
    "mail": action(S=Name.URI, URI=String("mailto:a@example.org")),
    "next page": action(S=Name.Named, N=Name.NextPage),
    "jump": action(S=Name.GoTo, D=Array([0, Name.Fit])),
    "opened at": at_root("/OpenAction", lambda pdf: Array([pdf.pages[0].obj, Name.Fit])),
    "opened by": at_root("/OpenAction", lambda pdf: Dictionary(S=Name.GoTo, D=Array([pdf.pages[0].obj, Name.Fit]))),
    "outline": at_root("/Outlines", lambda _: Dictionary(First=Dictionary(Title=String("a")))),
    "description": at_root("/Metadata", lambda pdf: Stream(pdf, b"<x/>", Type=Name.Metadata, Subtype=Name.XML)),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_does_not_act_does_not_matter(tmp_path: Path, what: str):
    """Links, jumps and descriptions leave a signed PDF as it is."""
    pdf = scan()
    HARMLESS[what](pdf)
    assert cleaning(tmp_path, signed(pdf)).is_untouched


def test_signed_and_encrypted(tmp_path: Path):
    """A protected PDF loses its protection and with it the signature, and both are told."""
    found = cleaning(tmp_path, with_signature(scan()), LIMITS, RECIPE, encryption=Encryption(owner="o", user=""))
    assert set(found.notes) == {UNPROTECTED, UNSIGNED}


def test_signed_and_damaged(tmp_path: Path):
    """A PDF that had to be repaired is not what was signed."""
    data = signed(scan())
    at = data.rindex(b"startxref\n") + 10
    assert set(cleaning(tmp_path, data[:at] + b"7" + data[at:]).notes) == {REPAIRED, UNSIGNED}


def test_signed_and_without_an_end(tmp_path: Path):
    """A signed PDF that lacks the mark of its end, which other readers demand, is cleaned."""
    data = signed(scan())
    assert UNSIGNED in cleaning(tmp_path, data.replace(b"%%EOF", b"%%EoF")).notes


def test_a_signature_that_fits_nothing(tmp_path: Path):
    """A field that only says it is signed keeps nothing from being cleaned."""
    assert UNSIGNED in cleaning(tmp_path, with_signature(scan())).notes


def test_an_empty_field_is_no_signature(tmp_path: Path):
    """A field for a signature nobody has given is part of the form."""
    pdf = with_signature(scan())
    del pdf.Root.AcroForm.SigFlags
    del pdf.Root.AcroForm.Fields[0].V
    assert UNSIGNED not in cleaning(tmp_path, pdf).notes


def test_too_large_to_pass(tmp_path: Path):
    """The limit on what is written holds for what is copied too."""
    found = outcome(lambda: cleaning(tmp_path, signed(scan()), Limits(output_bytes=5000)))
    assert isinstance(found, ScanError)
    assert found.fault is ScanFault.TOO_LARGE


def test_one_of_several_files(tmp_path: Path):
    """A signature covers one file; joined to others it is gone, and that is told."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.pdf").write_bytes(signed(scan()))
    sources = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    document = to_pdf(sources, tmp_path / "out.pdf", LIMITS, MADE_AT, Recipe())
    assert UNSIGNED in document.notes
    assert len(document.pages) == 2
