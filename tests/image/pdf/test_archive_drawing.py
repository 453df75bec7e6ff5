"""What may be drawn in PDF/A-2b."""

from decimal import Decimal
from typing import Any

import pytest

from image.pdf.archive import Names
from image.pdf.archive_drawing import INLINE_IMAGE, drawing_breach, spelling_breach

HELVETICA = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
ARIAL = {**HELVETICA, "/BaseFont": "/Arial"}
PLAIN = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Courier"}
COMPOSITE = {"/Type": "/Font", "/Subtype": "/Type0", "/BaseFont": "/Courier"}
TRUETYPE = {**HELVETICA, "/Subtype": "/TrueType"}
MEASURED = {**TRUETYPE, "/FirstChar": 32, "/LastChar": 33, "/Widths": [500, 500]}
NAMES = Names(
    spaces=frozenset({"/Cs"}),
    states=frozenset({"/Gs"}),
    objects=frozenset({"/Im"}),
    fonts={"/H": HELVETICA, "/A": ARIAL, "/P": PLAIN, "/C": COMPOSITE, "/T": TRUETYPE, "/M": MEASURED},
)
GREY = {"/Width": 8, "/Height": 1, "/BitsPerComponent": 8, "/ColorSpace": "/DeviceGray"}


def words(text: bytes, font: str = "/H", mode: int = 3) -> list[tuple[str, list[Any]]]:
    """Text laid over a page."""
    return [("BT", []), ("Tf", [font, 9]), ("Tr", [mode]), ("Tj", [text]), ("ET", [])]


@pytest.mark.parametrize(
    "instructions",
    [
        [],
        [("q", []), ("cm", [1, 0, 0, 1, 0, 0]), ("Do", ["/Im"]), ("Q", [])],
        [("gs", ["/Gs"]), ("cs", ["/Cs"]), ("sc", [1]), ("CS", ["/DeviceGray"]), ("SCN", [0]), ("re", [0, 0, 9, 9])],
        [("rg", [1, 1, 1]), ("f", []), ("ri", ["/Perceptual"])],
        [("BDC", ["/Artifact", {"/Type": "/Page"}]), ("EMC", [])],
        [(INLINE_IMAGE, [{**GREY, "/Filter": "/CCITTFaxDecode", "/DecodeParms": {"/K": -1}}])],
        [(INLINE_IMAGE, [{**GREY, "/ColorSpace": "/Cs"}])],
        [("q", [])] * 28 + [("Q", [])] * 28,
        words(b"Words"),
        words(b"\xe4 \xff"),
        words(b"Words", "/P"),
        words(b"Words", "/M"),
        [("Tf", ["/H", 9]), ("Tr", [3]), ("q", []), ("Tr", [0]), ("Q", []), ("TJ", [[b"Words", -9, b"more"]])],
    ],
)
def test_what_scanners_draw_may_stand(instructions: list[tuple[str, list[Any]]]):
    """Images, plain shapes, and recognised words that leave no mark."""
    assert drawing_breach(instructions, NAMES) == ""


@pytest.mark.parametrize(
    "instructions",
    [
        [("Do", ["/Other"])],
        [("Do", [])],
        [("gs", ["/Other"])],
        [("cs", ["/Pattern"])],
        [("cs", ["/DeviceCMYK"])],
        [("scn", ["/P1"])],
        [("k", [0, 0, 0, 1])],
        [("sh", ["/S"])],
        [("ri", ["/Bright"])],
        [("BX", []), ("unheard", []), ("EX", [])],
        [("d0", [1, 0])],
        [("BDC", ["/OC", "/Layer"]), ("EMC", [])],
        [("q", [])] * 29 + [("Q", [])] * 29,
        [("q", [])],
        [("Q", [])],
        [("w", [2**31])],
        [("w", [Decimal("1e39")])],
        [("MP", ["/" + "n" * 128])],
        [("BDC", ["/Span", {"/ActualText": b"t" * 32768}]), ("EMC", [])],
        [(INLINE_IMAGE, [{**GREY, "/Filter": "/LZWDecode"}])],
        [(INLINE_IMAGE, [{**GREY, "/Filter": ["/ASCIIHexDecode", "/LZWDecode"]}])],
        [(INLINE_IMAGE, [{**GREY, "/Interpolate": True}])],
        [(INLINE_IMAGE, [{**GREY, "/ColorSpace": "/DeviceCMYK"}])],
        words(b"Words", mode=0),
        words(b"Words", mode=7),
        words(b"Words", "/A"),
        words(b"Words", "/C"),
        words(b"Words", "/T"),
        words(b"Words", "/Missing"),
        words(b"\xe4", "/P"),
        words(b"\x07"),
        [("q", []), ("Tr", [3]), ("Q", []), ("Tf", ["/H", 9]), ("'", [b"Words"])],
    ],
)
def test_what_may_not(instructions: list[tuple[str, list[Any]]]):
    """Every rule that instructions can break is seen; visible text has fonts, which are not examined."""
    assert drawing_breach(instructions, NAMES)


@pytest.mark.parametrize("written", [b"", b"<> Tj", b"<7064> Tj", b"/A <</B <FE FF\n00 41>>> BDC", b"(a < b) Tj"])
def test_strings_of_whole_bytes_may_stand(written: bytes):
    """Pairs of digits, with white space anywhere."""
    assert spelling_breach(written) == ""


@pytest.mark.parametrize("written", [b"<7> Tj", b"[<41><423>] TJ", b"/A <</B <FEF>>> BDC", b"<4g> Tj", b"<4%\n1>"])
def test_strings_of_halves_may_not(written: bytes):
    """Half a byte, and signs that are no digits, which every reader takes its own way."""
    assert spelling_breach(written)
