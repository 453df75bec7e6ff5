"""Every kind of page our writer makes, as its part-1 twin, before PDFBox Preflight; and broken ones, so that it bites."""

import io
import zlib
from collections.abc import Iterator
from functools import cache

import pytest
from pikepdf import Array, Dictionary, Name, String

from image.document import Limits
from image.picture import Coding, Colour, Picture
from image.writer import PdfWriter
from tests.image.archive_breaks import (
    MADE_AT,
    Break,
    drawn,
    good,
    on_image,
    on_page,
    root,
    swapped,
    with_action,
    with_form,
    with_packet,
    with_profile,
    with_state,
)
from tests.image.drawn import g4_strip, page, saved
from tests.image.preflight import part_one_twin, verdicts

SIZE = (166, 234)
GREY = Picture(*SIZE, 8, Colour.GREY, Coding.FLATE)
GREY_DATA = zlib.compress(page("L").tobytes())
Drawn = tuple[Picture, bytes]


def pictures() -> Iterator[tuple[str, Drawn]]:
    """Every colour and coding that carries the claim."""
    strip = g4_strip(page("1"))
    yield "g4", (Picture(*SIZE, 1, Colour.GREY, Coding.G4), strip)
    yield "g4-black-is-1", (Picture(*SIZE, 1, Colour.GREY, Coding.G4_BLACK_IS_1), strip)
    for mode, colour in (("L", Colour.GREY), ("RGB", Colour.RGB)):
        for progressive in (False, True):
            data = saved(page(mode), "JPEG", progressive=progressive)
            yield f"dct-{mode}-{progressive}", (Picture(*SIZE, 8, colour, Coding.DCT), data)
        yield f"flate-{mode}", (Picture(*SIZE, 8, colour, Coding.FLATE), zlib.compress(page(mode).tobytes()))
    yield "inverted", (Picture(*SIZE, 8, Colour.GREY, Coding.FLATE, is_inverted=True), GREY_DATA)
    for bits in (1, 2, 4, 8):
        row_bytes = (SIZE[0] * bits + 7) // 8
        palette = bytes(range(3 * 2**bits)) if bits < 8 else bytes(3 * 256)
        for colour, samples in ((Colour.GREY, b""), (Colour.INDEXED, palette)):
            plain = Picture(*SIZE, bits, colour, Coding.FLATE, palette=samples)
            yield f"flate-{colour}-{bits}", (plain, zlib.compress(bytes(row_bytes * SIZE[1])))
            filtered = Picture(*SIZE, bits, colour, Coding.FLATE_PNG, palette=samples)
            yield f"png-{colour}-{bits}", (filtered, zlib.compress(bytes((1 + row_bytes) * SIZE[1])))
    yield "png-rgb", (Picture(*SIZE, 8, Colour.RGB, Coding.FLATE_PNG), zlib.compress(bytes((1 + 3 * SIZE[0]) * SIZE[1])))


def written(*drawn_pages: Drawn, orientation: int = 1) -> bytes:
    """A file of these pages."""
    file = io.BytesIO()
    writer = PdfWriter(file, Limits(), MADE_AT)
    for picture, data in drawn_pages:
        writer.add_page(119.52, 168.48, orientation, picture, [data])
    writer.finish()
    return file.getvalue()


@cache
def valid() -> dict[str, list[str]]:
    """The verdicts on all kinds of pages, found in one start of Java."""
    files = {name: written(one) for name, one in pictures()}
    files |= {f"turned-{number}": written((GREY, GREY_DATA), orientation=number) for number in range(1, 9)}
    files["many"] = written(*(one for _, one in pictures()))
    return verdicts({name: part_one_twin(data) for name, data in files.items()})


KINDS = [*(name for name, _ in pictures()), *(f"turned-{number}" for number in range(1, 9)), "many"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_page_is_valid(kind: str):
    """The other validator has nothing to say against a page of this kind."""
    assert valid()[kind] == []


BROKEN: dict[str, Break] = {
    "no output intent": root(OutputIntents=None),
    "a profile cut off": with_profile(lambda data: data[:60]),
    "no metadata": root(Metadata=None),
    "no claim": with_packet(b"<pdfaid:conformance>B</pdfaid:conformance>", b""),
    "a packet that is no XML": with_packet(b"</rdf:RDF>", b"</rdf:RDX>"),
    "an Info that says other than the packet": with_packet(b"<pdf:Producer>scangate<", b"<pdf:Producer>another<"),
    "scripts": with_action(S=Name.JavaScript, JS=String("app.alert(1)")),
    "a launch": with_action(S=Name.Launch, F=String("a.exe")),
    "additional actions": root(AA=Dictionary(WC=Dictionary(S=Name.JavaScript, JS=String("1")))),
    "LZW": on_image(Filter=Name.LZWDecode),
    "interpolation": on_image(Interpolate=True),
    "CMYK": on_image(ColorSpace=Name.DeviceCMYK),
    "a film": on_page(Annots=Array([Dictionary(Type=Name.Annot, Subtype=Name.Movie, Rect=Array([0, 0, 9, 9]))])),
    "a transfer function": with_state(TR=Name.Identity),
    "transparency": with_form(Group=Dictionary(S=Name.Transparency)),
    "an operator that is none": drawn(b"1 0 0 1 0 0 cq"),
    "attachments": root(Names=Dictionary(EmbeddedFiles=Dictionary(Names=Array([])))),
    "no ID": swapped(b"/ID [", b"/Id ["),
    "no binary comment": swapped(b"\n%\xe2\xe3\xcf\xd3", b"\n% an "),
    "a wrong length": swapped(b"/Length 3", b"/Length 2"),
}


@cache
def invalid() -> dict[str, list[str]]:
    """The verdicts on the broken files."""
    twin = part_one_twin(good())
    return verdicts({name: breaks(twin) for name, breaks in BROKEN.items()})


@pytest.mark.parametrize("what", BROKEN)
def test_it_bites(what: str):
    """A file broken in this way is refused, so its silence about ours means something."""
    assert invalid()[what]
