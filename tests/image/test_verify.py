"""The second reader's check."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Encryption, Name, Pdf, Stream, String

from image.convert import to_pdf
from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.verify import verify
from tests.image.drawn import page, saved


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A PDF of two pages of 119.52 by 168.48 points."""
    source = tmp_path / "a.jpg"
    source.write_bytes(saved(page(), "JPEG", dpi=(100, 100)))
    return to_pdf([source, source], tmp_path / "a.pdf", Limits(), datetime(2026, 11, 23, tzinfo=UTC)).path


GOOD = Page(119.52, 168.48, "passed")


def test_what_was_planned_holds(pdf: Path):
    """The pages that were written are found again."""
    verify(pdf, [GOOD, GOOD])
    with pytest.raises(ScanError):
        verify(pdf, [GOOD, Page(168.48, 119.52, "passed")])


@pytest.mark.parametrize("pages", [[GOOD], [GOOD] * 3, [GOOD, Page(119.52, 160, "passed")], []])
def test_anything_else_is_never_delivered(pdf: Path, pages: list[Page]):
    """Another number or size of pages is a crash of ours, not a delivery."""
    with pytest.raises(ScanError) as caught:
        verify(pdf, pages)
    assert caught.value.fault is ScanFault.CRASHED


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.98])
def test_a_torn_file_is_never_delivered(pdf: Path, keep: float):
    """A file whose end did not reach the disk does not verify."""
    data = pdf.read_bytes()
    pdf.write_bytes(data[: int(keep * len(data)) if keep < 1 else int(keep)])
    with pytest.raises(ScanError) as caught:
        verify(pdf, [GOOD, GOOD])
    assert caught.value.fault is ScanFault.CRASHED


def test_a_missing_file_is_our_trouble(tmp_path: Path):
    """A file that is gone is an OSError."""
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "gone.pdf", [])


ACTIVE: dict[str, Callable[[Pdf], None]] = {
    "/OpenAction": lambda pdf: setattr(pdf.Root, "OpenAction", Dictionary(S=Name.JavaScript, JS=String("1"))),
    "/AA": lambda pdf: setattr(pdf.pages[0].obj, "AA", Dictionary(O=Dictionary(S=Name.JavaScript, JS=String("1")))),
    "/Names": lambda pdf: setattr(pdf.Root, "Names", Dictionary(JavaScript=Dictionary(Names=Array([])))),
    "/AcroForm": lambda pdf: setattr(pdf.Root, "AcroForm", Dictionary(XFA=Stream(pdf, b"<x/>"))),
    "/Annots": lambda pdf: setattr(pdf.pages[1].obj, "Annots", Array([Dictionary(Subtype=Name.Link)])),
}


@pytest.mark.parametrize("key", ACTIVE)
def test_what_could_act_is_never_delivered(pdf: Path, tmp_path: Path, key: str):
    """A script, a form or a link is not delivered, unless in a signed file passed as it came."""
    with Pdf.open(pdf) as opened:
        ACTIVE[key](opened)
        opened.save(tmp_path / "active.pdf")
    with pytest.raises(ScanError, match=key):
        verify(tmp_path / "active.pdf", [GOOD, GOOD])
    verify(tmp_path / "active.pdf", [GOOD, GOOD], is_untouched=True)


def test_a_protected_file_is_never_delivered(pdf: Path, tmp_path: Path):
    """Nor is one that is encrypted, even when every reader could open it."""
    with Pdf.open(pdf) as opened:
        opened.save(tmp_path / "locked.pdf", encryption=Encryption(owner="o", user=""))
    with pytest.raises(ScanError):
        verify(tmp_path / "locked.pdf", [GOOD, GOOD])


def test_what_pages_inherit_counts(tmp_path: Path):
    """A page whose box and turn stand in the tree above it is as large as a reader shows it."""
    with Pdf.new() as made:
        made.add_blank_page(page_size=(100, 200))
        made.add_blank_page(page_size=(300, 400))
        del made.pages[0].obj["/MediaBox"]
        made.Root.Pages.MediaBox, made.Root.Pages.Rotate = Array([0, 0, 500, 600]), 90
        made.save(tmp_path / "a.pdf")
    verify(tmp_path / "a.pdf", [Page(600, 500, "passed"), Page(400, 300, "passed")])


def test_a_loop_is_never_delivered(tmp_path: Path):
    """A page tree that leads back into itself ends in a refusal, at once."""
    with Pdf.new() as made:
        made.add_blank_page(page_size=(100, 200))
        made.save(tmp_path / "a.pdf")
    data = (tmp_path / "a.pdf").read_bytes()
    kids = re.search(rb"/Kids \[ (\d) 0 R \]", data)
    tree = re.search(rb"/Pages (\d) 0 R", data)
    assert kids is not None
    assert tree is not None
    (tmp_path / "a.pdf").write_bytes(data.replace(kids[0], b"/Kids [ %s 0 R ]" % tree[1]))
    with pytest.raises(ScanError):
        verify(tmp_path / "a.pdf", [Page(100, 200, "passed")])
