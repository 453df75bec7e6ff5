"""Incoming PDFs that hold scripts, actions, attachments or names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from tests.image.drawn import SAME, difference, page
from tests.image.poppler import rendered, unpacked
from tests.image.scanned_pdf import cleaned, scan

Poison = Callable[[Pdf], None]


def script(pdf: Pdf) -> None:
    """JavaScript at every place that runs some."""
    action = Dictionary(S=Name.JavaScript, JS=String("app.alert('MARK')"))
    pdf.Root.OpenAction = action
    pdf.Root.AA = Dictionary(WC=action)
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("MARK"), action])))
    pdf.pages[0].obj.AA = Dictionary(O=action)


def act(pdf: Pdf) -> None:
    """A link for every action that leads out of the file, plays or sends (ISO 32000-1 table 198)."""
    actions = [
        Dictionary(S=Name.Launch, F=String("MARK.exe")),
        Dictionary(S=Name.URI, URI=String("http://MARK/")),
        Dictionary(S=Name.GoToR, F=String("MARK.pdf"), D=Array([0, Name.Fit])),
        Dictionary(S=Name.GoToE, T=Dictionary(R=Name.C, N=String("MARK"))),
        Dictionary(S=Name.SubmitForm, F=Dictionary(FS=Name.URL, F=String("http://MARK/"))),
        Dictionary(S=Name.ImportData, F=String("MARK.fdf")),
        Dictionary(S=Name.Thread, F=String("MARK.pdf"), D=0),
        Dictionary(S=Name.Rendition, JS=String("MARK")),
        Dictionary(S=Name.Hide, T=String("MARK")),
        Dictionary(S=Name.GoTo, D=String("x"), Next=Array([Dictionary(S=Name.JavaScript, JS=String("MARK"))])),
    ]
    pdf.pages[0].obj.Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 50, 50]), A=one) for one in actions]
    )


def play(pdf: Pdf) -> None:
    """An annotation for everything that plays, runs or carries a file, with the data it would use."""
    data = pdf.make_indirect(Stream(pdf, b"MARK"))
    pdf.pages[0].obj.Annots = Array(
        [
            Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=Array([0, 0, 9, 9]), FS=data, RichMediaContent=data)
            for kind in ("/FileAttachment", "/Sound", "/Movie", "/Screen", "/3D", "/RichMedia", "/TrapNet", "/Unheard")
        ]
    )


def attach(pdf: Pdf) -> None:
    """An attachment, to the document and to an image; a portfolio."""
    pdf.attachments["MARK.txt"] = b"MARK"
    inner = Dictionary(Type=Name.Filespec, F=String("MARK"), EF=Dictionary(F=Stream(pdf, b"MARK")))
    pdf.pages[0].obj.Resources.XObject["/Im"].AF = Array([inner])
    pdf.Root.AF = Array([inner])
    pdf.pages[0].obj.AF = Array([inner])
    pdf.Root.Collection = Dictionary(D=String("MARK"))


def fill(pdf: Pdf) -> None:
    """A form of XML beside the other."""
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=Array([String("MARK"), Stream(pdf, b"<MARK/>")]))
    pdf.Root.Extensions = Dictionary(MARK=Dictionary(ExtensionLevel=3))


def describe(pdf: Pdf) -> None:
    """Names of people and devices in every place for them."""
    pdf.docinfo["/Author"] = pdf.docinfo["/Creator"] = pdf.docinfo["/Company"] = "MARK"
    pdf.Root.Metadata = Stream(pdf, b"<x>MARK</x>")
    private = Dictionary(X=Dictionary(LastModified=String("MARK"), Private=String("MARK")))
    pdf.Root.PieceInfo = pdf.pages[0].obj.PieceInfo = private
    pdf.Root.SpiderInfo = Dictionary(V=String("MARK"))
    pdf.Root.Threads = Array([Dictionary(I=Dictionary(Title=String("MARK")))])
    pdf.Root.Outlines = Dictionary(First=Dictionary(Title=String("MARK")))
    pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(P=String("MARK"))]))
    pdf.Root.StructTreeRoot = Dictionary(K=Dictionary(Alt=String("MARK")))
    pdf.Root.Lang = pdf.Root.MarkInfo = String("MARK")
    first = pdf.pages[0].obj
    first.ID = first.LastModified = first.TemplateInstantiated = String("MARK")
    first.Thumb = Stream(pdf, b"MARK", Width=1, Height=1, ColorSpace=Name.DeviceGray, BitsPerComponent=8)
    first.Resources.MARK = Dictionary(Maker=String("MARK"))
    image = first.Resources.XObject["/Im"]
    image.Metadata = Stream(pdf, b"<x>MARK</x>")
    image.ID = image.ScannerSerialNumber = String("MARK")
    image.PieceInfo = private


def refer(pdf: Pdf) -> None:
    """Contents, images and forms that would be fetched from elsewhere."""
    first = pdf.pages[0].obj
    image = first.Resources.XObject["/Im"]
    image.OPI = Dictionary({"/1.3": Dictionary(F=String("MARK"))})
    image.Alternates = Array([Dictionary(Image=Stream(pdf, b"MARK", Subtype=Name.Image), DefaultForPrinting=True)])
    first.Contents.F = String("http://MARK/")
    first.Contents.FFilter = Name("/MARK")
    form = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.Ref = Dictionary(F=String("MARK.pdf"), Page=0)
    first.Resources.XObject["/Fm"] = form


def print_program(pdf: Pdf) -> None:
    """Programs for PostScript printers."""
    objects = pdf.pages[0].obj.Resources.XObject
    objects["/P"] = Stream(pdf, b"(MARK) run", Type=Name.XObject, Subtype=Name.PS, Level1=Stream(pdf, b"(MARK) run"))
    form = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]), Subtype2=Name.PS)
    form.PS = Stream(pdf, b"(MARK) run")
    objects["/Q"] = form


POISONS: list[Poison] = [script, act, play, attach, fill, describe, refer, print_program]


@pytest.mark.parametrize("poison", POISONS)
def test_nothing_active_or_private_stays(tmp_path: Path, poison: Poison):
    """Scripts, actions, attachments, names and outside references are gone, searched for in the unpacked file."""
    pdf = scan()
    poison(pdf)
    out, _ = cleaned(tmp_path, pdf)
    assert b"MARK" in unpacked(tmp_path / "in.pdf")
    assert b"MARK" not in unpacked(out)
    assert difference(rendered(out, 100), page()) < SAME


@pytest.mark.parametrize("name", ["/A", "/AA", "/EF", "/URI", "/Metadata", "/F", "/B\u00e4r"])
def test_an_image_may_be_called_anything(tmp_path: Path, name: str):
    """The name of an image or font is its maker's own, even when it is that of an active key."""
    pdf = scan(image_name=name)
    out, _ = cleaned(tmp_path, pdf)
    assert difference(rendered(out, 100), page()) < SAME


def test_a_name_may_be_no_text(tmp_path: Path):
    """A name is bytes: those of another character set are kept too."""
    pdf = scan(image_name="/Imxx")
    pdf.pages[0].obj.xxNote = String("MARK")
    pdf.save(tmp_path / "a.pdf", compress_streams=False)
    data = (tmp_path / "a.pdf").read_bytes()
    assert data.count(b"/Imxx") == 2
    out, notes = cleaned(tmp_path, data.replace(b"/Imxx", b"/Im\xe4\xf6").replace(b"/xx", b"/\xe4\xf6"))
    assert notes == ()
    assert b"MARK" not in unpacked(out)
    assert difference(rendered(out, 100), page()) < SAME
