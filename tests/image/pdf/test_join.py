"""Cleaned PDFs joined to one."""

from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from image.pdf.joining import join_pdfs
from tests.image.drawn import SAME, difference, page
from tests.image.poppler import checked, page_sizes, rendered
from tests.image.scanned_pdf import LIMITS, MADE_AT, RECIPE, scan


@pytest.mark.parametrize("largest", [0, 1, 2])
def test_joining_keeps_order(tmp_path: Path, largest: int):
    """Parts become one file, in order, whichever is the largest."""
    names = []
    for number, width in enumerate((100, 200, 300)):
        pdf = Pdf.new()
        for side in (400, 500):
            pdf.add_blank_page(page_size=(width, side))
        if number == largest:
            pdf.pages[0].obj.Contents = Stream(pdf, b"n " * 5000)
        names.append(tmp_path / f"{number}.pdf")
        pdf.save(names[-1], compress_streams=False)
    join_pdfs(names, tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE)
    checked(tmp_path / "out.pdf")
    assert page_sizes(tmp_path / "out.pdf") == [(width, side) for width in (100, 200, 300) for side in (400, 500)]


def test_joining_keeps_hidden_layers_hidden(tmp_path: Path):
    """A layer that was switched off in one part is not shown because the parts are joined."""
    layered = scan()
    layer = layered.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    layered.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    layered.pages[0].obj.Resources.Properties = Dictionary(L=layer)
    layered.pages[0].obj.Contents = Stream(layered, b"/OC /L BDC 0 0 119 168 re f EMC")
    layered.save(tmp_path / "a.pdf")
    scan(3).save(tmp_path / "b.pdf")
    join_pdfs([tmp_path / "a.pdf", tmp_path / "b.pdf"], tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE)
    assert rendered(tmp_path / "out.pdf", 50).convert("L").getextrema() == (255, 255)
    assert difference(rendered(tmp_path / "out.pdf", 100, 2), page()) < SAME
