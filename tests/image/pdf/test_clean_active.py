"""Incoming PDFs that hold scripts, actions, attachments or names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from tests.image.drawn import SAME, difference, page
from tests.image.poppler import rendered, unpacked
from tests.image.scanned_pdf import cleaned, scan


def script(pdf: Pdf) -> None:
    """JavaScript at every place that runs some."""
    action = Dictionary(S=Name.JavaScript, JS=String("app.alert('MARK')"))
    pdf.Root.OpenAction = action
    pdf.Root.AA = Dictionary(WC=action)
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("MARK"), action])))
    pdf.pages[0].obj.AA = Dictionary(O=action)


def launch(pdf: Pdf) -> None:
    """A link that starts a program and one that opens a site."""
    links = [Dictionary(S=Name.Launch, F=String("MARK.exe")), Dictionary(S=Name.URI, URI=String("http://MARK/"))]
    pdf.pages[0].obj.Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 50, 50]), A=link) for link in links]
    )


def attach(pdf: Pdf) -> None:
    """An attachment, to the document and to an image."""
    pdf.attachments["MARK.txt"] = b"MARK"
    inner = Dictionary(Type=Name.Filespec, F=String("MARK"), EF=Dictionary(F=Stream(pdf, b"MARK")))
    pdf.pages[0].obj.Resources.XObject["/Im"].AF = Array([inner])


def describe(pdf: Pdf) -> None:
    """Names of people in every place for them."""
    pdf.docinfo["/Author"] = "MARK"
    pdf.Root.Metadata = Stream(pdf, b"<x>MARK</x>")
    pdf.Root.PieceInfo = Dictionary(X=Dictionary(Private=String("MARK")))
    pdf.pages[0].obj.Resources.XObject["/Im"].Metadata = Stream(pdf, b"<x>MARK</x>")
    pdf.Root.Outlines = Dictionary(First=Dictionary(Title=String("MARK")))


def refer(pdf: Pdf) -> None:
    """Contents and image that would be fetched from elsewhere."""
    pdf.pages[0].obj.Resources.XObject["/Im"].OPI = Dictionary({"/1.3": Dictionary(F=String("MARK"))})
    pdf.pages[0].obj.Contents.F = String("http://MARK/")


@pytest.mark.parametrize("poison", [script, launch, attach, describe, refer])
def test_nothing_active_or_private_stays(tmp_path: Path, poison: Callable[[Pdf], None]):
    """Scripts, actions, attachments, names and outside references are gone, searched for in the unpacked file."""
    pdf = scan()
    poison(pdf)
    out, _ = cleaned(tmp_path, pdf)
    assert b"MARK" in unpacked(tmp_path / "in.pdf")
    assert b"MARK" not in unpacked(out)
    assert difference(rendered(out, 100), page()) < SAME


@pytest.mark.parametrize("name", ["/A", "/AA", "/EF", "/URI", "/Metadata", "/F"])
def test_an_image_may_be_called_anything(tmp_path: Path, name: str):
    """The name of an image or font is its maker's own, even when it is that of an active key."""
    pdf = scan(image_name=name)
    out, _ = cleaned(tmp_path, pdf)
    assert difference(rendered(out, 100), page()) < SAME
