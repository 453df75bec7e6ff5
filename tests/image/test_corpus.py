"""Every file of the corpus beside the checkout, when present, comes to what its index says."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from image.convert import to_pdf
from image.document import Document, Limits
from image.errors import ScanError
from tests.image.drawn import SAME, difference
from tests.image.outcome import outcome
from tests.image.poppler import page_sizes, rendered

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

REFUSED_INSTEAD: dict[str, str] = {}
"""Rows that say ``ok`` and that we refuse, each with its reason."""

NOTHING_TO_TELL = {
    "pdf-damaged-stream.pdf": "no page draws the damaged stream, so it is left out and the page is whole",
}
"""Rows that say ``damaged`` and that come out whole, each with its reason."""

EITHER = re.compile(r"^salvage|\breject\b.*, or ok\b|\bor reject\b")
"""What the index leaves open: to refuse, or to deliver (damage only with a note)."""


def rows() -> list[tuple[str, str]]:
    """File and expectation of each row; none without the corpus."""
    index = CORPUS / "INDEX.tsv"
    if not index.exists():
        return []
    with index.open(encoding="utf-8", newline="") as file:
        return [(row["file"], row["expected"]) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.parametrize(("name", "expected"), rows())
def test_row(tmp_path: Path, name: str, expected: str):
    """A good file becomes its pages, a bad one is refused, a damaged one is never delivered without a word."""
    found = outcome(lambda: to_pdf([CORPUS / name], tmp_path / "out.pdf", Limits(), datetime(2026, 11, 23, tzinfo=UTC)))
    word = expected.split(maxsplit=1)[0].rstrip(":,")
    if word == "reject" and not EITHER.search(expected):
        assert isinstance(found, ScanError), found
    elif name in REFUSED_INSTEAD:
        assert isinstance(found, ScanError), "this row is met now: take it out of the list"
    elif word == "ok" and not isinstance(found, Document):
        assert EITHER.search(expected), found
    if isinstance(found, Document):
        promised = re.search(r"(\d+) pages?( or (\d+) pages)?", expected)
        counts = {int(promised[1]), int(promised[3] or promised[1])} if promised else {len(found.pages)}
        assert len(found.pages) in counts
        assert len(page_sizes(found.path)) == len(found.pages)
        assert word not in {"damaged", "salvage"} or found.notes or name in NOTHING_TO_TELL


A4_PT = (595.3, 841.9)


@pytest.mark.parametrize("name", [name for name, expected in rows() if "about A4" in expected])
def test_about_a4(tmp_path: Path, name: str):
    """A file that the index calls about A4 has pages of A4, within the 3 % a fax is off."""
    document = to_pdf([CORPUS / name], tmp_path / "out.pdf", Limits(), datetime(2026, 11, 23, tzinfo=UTC))
    for one in document.pages:
        assert (one.width_pt, one.height_pt) == pytest.approx(A4_PT, rel=0.03)


UNSEEN = {
    "tif-libtiff-cramps-tile.tif": "the other decoder reads the tiles beyond the end of the file",
    "jpg-no-eoi.jpg": "the other decoder calls it cut off",
    "png-itxt-bomb.png": "the other decoder refuses its text",
    "tif-g4-1x65537.tif": "a line of one pixel shows nothing",
    "bmp-rle4.bmp": "its dither of single dots looks as the renderer scales it",
}
"""Pictures that are not compared, each with its reason."""


def pictures() -> list[str]:
    """The rows of good pictures that can be compared."""
    forms, left_out = {"bmp", "jpg", "png", "tif"}, {*UNSEEN, *REFUSED_INSTEAD}
    return [name for name, expected in rows() if expected[:2] == "ok" and name[:3] in forms and name not in left_out]


@pytest.mark.parametrize("name", pictures())
def test_looks_the_same(tmp_path: Path, name: str):
    """The first page, shown by another renderer, looks like the picture: upright, not inverted, in its colours."""
    document = to_pdf([CORPUS / name], tmp_path / "out.pdf", Limits(), datetime(2026, 11, 23, tzinfo=UTC))
    with Image.open(CORPUS / name) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
    if image.mode.startswith("I"):
        image = image.convert("I").point([value >> 8 for value in range(65536)], "L")
    if "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    longest_pt = max(max(one.width_pt, one.height_pt) for one in document.pages[:1])
    shown = rendered(document.path, 72 * 400 / longest_pt)
    assert difference(shown, image.convert("RGB").resize(shown.size, Image.Resampling.BOX)) < SAME
