"""Form fields and comments made part of their pages."""

from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from PIL import Image

from image.pdf.flatten import FLATTENED, LOST
from tests.image.poppler import rendered, text_of
from tests.image.scanned_pdf import cleaning, font, scan

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def black(pdf: Pdf, **entries: object) -> Stream:
    """A black square, 100 by 100, as an annotation's look."""
    form = Stream(pdf, b"0 g 0 0 100 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 100, 100]))
    for key, value in entries.items():
        form[f"/{key}"] = value
    return form


def blank() -> Pdf:
    """A page of 200 by 200 points with nothing on it."""
    pdf = Pdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    return pdf


def stamp(pdf: Pdf, look: Object | None, kind: str = "/Stamp", flags: int = 4, **entries: object) -> None:
    """An annotation on the middle of the page."""
    one = Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=Array([50, 50, 150, 150]), F=flags)
    if look is not None:
        one.AP = Dictionary(N=look)
    for key, value in entries.items():
        one[f"/{key}"] = value
    added = pdf.make_indirect(one)
    pdf.pages[0].obj.Annots = Array([*pdf.pages[0].obj.get("/Annots", []), added])
    if kind == "/Widget":
        pdf.Root.AcroForm = Dictionary(Fields=Array([added]), DR=Dictionary(Font=font()))


def colours(picture: Image.Image) -> tuple[object, object]:
    """The middle of the page and its corner."""
    shown = picture.convert("RGB")
    return shown.getpixel((100, 100)), shown.getpixel((10, 10))


def layer(pdf: Pdf, *, is_hidden: bool) -> Object:
    """A layer of the document, on or off."""
    one = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    off = Array([one] if is_hidden else [])
    pdf.Root.OCProperties = Dictionary(OCGs=Array([one]), D=Dictionary(OFF=off))
    return one


def test_a_stamp_stays(tmp_path: Path):
    """What an annotation shows is on the page afterwards, and that is told."""
    pdf = blank()
    stamp(pdf, black(pdf))
    assert cleaning(tmp_path, pdf).notes == (FLATTENED,)
    assert colours(rendered(tmp_path / "out.pdf", 72)) == (BLACK, WHITE)


@pytest.mark.parametrize("flags", [2, 32])
def test_a_hidden_stamp_stays_hidden(tmp_path: Path, flags: int):
    """What no screen shows is not shown by cleaning."""
    pdf = blank()
    stamp(pdf, black(pdf), flags=flags)
    assert cleaning(tmp_path, pdf).notes == ()
    assert colours(rendered(tmp_path / "out.pdf", 72)) == (WHITE, WHITE)


@pytest.mark.parametrize("is_hidden", [True, False])
@pytest.mark.parametrize("matrix", [[1, 0, 0, 1, 0, 0], [0, 1, -1, 0, 0, 0], [2, 0, 0, 0.5, 7, 7]])
def test_a_stamp_stays_on_its_layer(tmp_path: Path, matrix: list[float], is_hidden: bool):  # noqa: FBT001 -- a parameter
    """An annotation of a layer that is switched off is not shown by cleaning; of one that is on, it is where it was."""
    pdf = blank()
    stamp(pdf, black(pdf, Matrix=Array(matrix)), OC=layer(pdf, is_hidden=is_hidden))
    cleaning(tmp_path, pdf)
    assert colours(rendered(tmp_path / "in.pdf", 72)) == (WHITE if is_hidden else BLACK, WHITE)
    assert colours(rendered(tmp_path / "out.pdf", 72)) == (WHITE if is_hidden else BLACK, WHITE)


def test_both_layers_count(tmp_path: Path):
    """A look that is itself on a hidden layer stays hidden when its annotation is on one that is shown."""
    pdf = blank()
    hidden = layer(pdf, is_hidden=True)
    shown = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("other")))
    pdf.Root.OCProperties.OCGs.append(shown)
    stamp(pdf, black(pdf, OC=hidden), OC=shown)
    cleaning(tmp_path, pdf)
    assert colours(rendered(tmp_path / "out.pdf", 72)) == (WHITE, WHITE)


def test_states_stay_as_they_are(tmp_path: Path):
    """Of a box that can be ticked, the state it is in is drawn, on its layer."""
    pdf = blank()
    states = Dictionary(On=black(pdf), Off=black(pdf, BBox=Array([0, 0, 0, 0])))
    stamp(pdf, states, "/Widget", FT=Name.Btn, AS=Name.On, OC=layer(pdf, is_hidden=False))
    cleaning(tmp_path, pdf)
    assert colours(rendered(tmp_path / "out.pdf", 72)) == (BLACK, WHITE)


@pytest.mark.parametrize("kind", ["/Square", "/FreeText", "/Highlight", "/FileAttachment"])
def test_a_comment_without_a_look_is_told(tmp_path: Path, kind: str):
    """What each reader draws as it likes cannot be kept; it does not go without a word."""
    pdf = blank()
    stamp(pdf, None, kind)
    assert cleaning(tmp_path, pdf).notes == (LOST,)


@pytest.mark.parametrize("kind", ["/Link", "/Popup", "/Widget"])
def test_what_shows_nothing_is_not_told(tmp_path: Path, kind: str):
    """Links, pop-ups and empty fields show nothing that could be lost."""
    pdf = blank()
    stamp(pdf, None, kind)
    assert cleaning(tmp_path, pdf).notes == ()


def test_a_field_filled_in_by_a_program(tmp_path: Path):
    """A value without a look is drawn, even when the form does not ask for it."""
    pdf = scan()
    stamp(pdf, None, "/Widget", FT=Name.Tx, T=String("a"), V=String("Paid"), DA=String("/F1 12 Tf 0 g"))
    cleaning(tmp_path, pdf)
    assert "Paid" in text_of(tmp_path / "out.pdf")


def test_looks_that_make_no_sense(tmp_path: Path):
    """Boxes and matrices of the wrong kind are no reason to fail."""
    pdf = blank()
    stamp(pdf, black(pdf, BBox=Name.Wrong, Matrix=Array([1])), OC=layer(pdf, is_hidden=False))
    stamp(pdf, black(pdf), Rect=Array([Name.A]))
    pdf.pages[0].obj.Annots.append(7)
    cleaning(tmp_path, pdf)
