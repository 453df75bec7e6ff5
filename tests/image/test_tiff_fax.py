"""Fax pages through to_pdf: which pass as they are, and that other decoders see the same in them."""

import subprocess
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageOps

from image.codec.fax import BITS_REVERSED
from image.codec.tiff_view import strips_of
from image.errors import ScanFault
from tests.image.codec.test_fax import as_bytes, g3
from tests.image.drawn import g4_entries, page, raw_tiff, saved
from tests.image.poppler import extracted
from tests.image.through_convert import converted, refused, same_pixels

PAGE = page("1", 864, 500)
FAXED = ImageOps.invert(PAGE.convert("L"))
"""It as fax machines see it, by whose codes a set bit is black."""


def strips() -> dict[str, tuple[bytes, int, int]]:
    """Data, compression and T4Options of a page of each kind that is passed."""
    found = {f"g3 {options}": (g3(options, PAGE), 3, options) for options in (0, 1, 4, 5)}
    for options, tag in ((0, ""), (1, "1")):
        data = g3(options, PAGE)
        bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
        found[f"g3 {options}, closed"] = (as_bytes(bits + ("000000000001" + tag) * 6), 3, options)
    (found_strip,) = strips_of(saved(PAGE, "TIFF", compression="tiff_ccitt", strip_size=1 << 30))
    found["mh"] = (found_strip, 2, 0)
    return found


STRIPS = strips()


def fax(data: bytes, compression: int, options: int, photometric: int = 1, fill_order: int = 1) -> bytes:
    """A TIFF of one strip of PAGE."""
    entries = g4_entries(PAGE, len(data), t259=compression, t292=options, t262=photometric, t266=fill_order)
    return raw_tiff([(entries, data.translate(BITS_REVERSED) if fill_order == 2 else data)])


def seen_by_pdfium(pdf: Path) -> Image.Image:
    """The pixels of the one image, decoded by PDFium."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        (image,) = document[0].get_objects()
        return image.get_bitmap(render=False).to_pil().convert("L")  # type: ignore[no-any-return]
    finally:
        document.close()


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("name", STRIPS)
def test_passed(tmp_path: Path, name: str, fill_order: int, photometric: int):
    """G3 and Modified Huffman go in as they are, and two decoders that share no code see every pixel."""
    data, compression, options = STRIPS[name]
    document = converted(tmp_path, fax(data, compression, options, photometric, fill_order))
    assert (document.pages[0].action, document.pages[0].flaw) == ("passed", "")
    assert data in document.path.read_bytes()
    wanted = PAGE if photometric else ImageOps.invert(PAGE.convert("L"))
    assert same_pixels(extracted(document.path)[0], wanted)
    assert same_pixels(seen_by_pdfium(document.path), wanted)


@pytest.mark.parametrize("options", [0, 1])
def test_without_its_first_mark_it_is_decoded(tmp_path: Path, options: int):
    """G3 that begins without an end-of-line code is coded anew, and its first row is there."""
    bits = bin(int.from_bytes(b"\x01" + g3(options, PAGE), "big"))[3:]
    document = converted(tmp_path, fax(as_bytes(bits[12 + options :]), 3, options))
    assert (document.pages[0].action, document.pages[0].flaw) == ("encoded", "")
    assert same_pixels(extracted(document.path)[0], PAGE)


@pytest.mark.parametrize("options", [0, 1])
def test_what_is_too_long_to_be_counted_is_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: int):
    """A page of fine dots, of many megabytes, is decoded like any other, and not taken for lost."""
    for module in ("fax", "fax_proof"):
        monkeypatch.setattr(f"image.codec.{module}.MAX_COUNTED_BYTES", 100)
    (one,) = converted(tmp_path, fax(g3(options, PAGE), 3, options)).pages
    assert (one.action, one.flaw) == ("encoded", "")
    assert same_pixels(extracted(tmp_path / "out.pdf")[0], PAGE)


def test_an_empty_page_is_not_called_damaged_in_places(tmp_path: Path):
    """G3 without any end-of-line code, which no decoder can follow, is refused: nothing of the page is there."""
    bits = bin(int.from_bytes(b"\x01" + g3(0, PAGE), "big"))[3:].replace("000000000001", "")
    assert refused(tmp_path, fax(as_bytes(bits), 3, 0)) is ScanFault.DAMAGED


def test_g4_without_its_end_is_decoded(tmp_path: Path):
    """A G4 page that is not closed by EOFB, but whole, is coded anew without a word."""
    (strip,) = strips_of(saved(PAGE, "TIFF", compression="group4", strip_size=1 << 30))
    bits = bin(int.from_bytes(b"\x01" + strip, "big"))[3:].rstrip("0")
    assert bits.endswith("000000000001" * 2)
    document = converted(tmp_path, fax(as_bytes(bits[:-24]), 4, 0))
    assert (document.pages[0].action, document.pages[0].flaw) == ("encoded", "")
    assert same_pixels(extracted(document.path)[0], PAGE)


@pytest.mark.parametrize("options", [["-5"], ["-6"], ["-8"], ["-8", "-m"], ["-5", "-p"], ["-u"]])
def test_what_fax2tiff_writes(tmp_path: Path, options: list[str]):
    """A received fax, as libtiff's tool stores it, comes out pixel by pixel."""
    (tmp_path / "fax.g3").write_bytes(g3(0, PAGE))
    command = [
        "fax2tiff",
        "-M",
        "-X",
        str(PAGE.width),
        *options,
        "-o",
        str(tmp_path / "fax.tif"),
        str(tmp_path / "fax.g3"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    document = converted(tmp_path, (tmp_path / "fax.tif").read_bytes())
    with Image.open(tmp_path / "fax.tif") as image:
        assert same_pixels(image.convert("L"), FAXED)
    assert same_pixels(extracted(document.path)[0], FAXED)
    assert document.pages[0].flaw == ""
