"""Whether the pictures that the pages of a PDF draw are whole: they are decoded, as far as there is time for it."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Name, Object, Stream

from image.codec.fax_proof import fax_flaw
from image.codec.inflate import Inflated, inflate
from image.codec.jpeg_proof import jpeg_flaw
from image.effort import Effort
from image.pdf.drawing import drawing
from image.pdf.pictures import channels_of, fax_coding, settings_of, single
from image.picture import Coding, Colour, Picture

_MOST_BYTES = 50_000_000
_MOST_PIXELS = 150_000_000
"""As ``Limits.pixels``. What is larger is passed undecoded."""

_START = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Proved:
    """Of a page: one of its pictures is damaged; one was passed undecoded because there was too much before it."""

    is_damaged: bool
    is_quick: bool


NOT_ASKED = Proved(is_damaged=False, is_quick=False)


@dataclass(slots=True)
class Proofs:
    """What was found of pictures that pages share, by object number, and what may yet be spent."""

    effort: Effort
    known: dict[tuple[int, int], Proved] = field(default_factory=dict)


def prove(page: Object, proofs: Proofs) -> Proved:
    """Decodes the pictures a page draws: JPEG, G4 and Flate; of others, inline ones, and masks nothing is known."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        # pikepdf's, of instructions that break off; the page has been told as damaged where they could be read.
        drawn = drawing(page)
    found = [_known(shown.image, proofs) for shown in drawn.images] if drawn is not None else []
    return Proved(any(one.is_damaged for one in found), any(one.is_quick for one in found))


def _known(image: Stream, proofs: Proofs) -> Proved:
    if image.objgen not in proofs.known:
        proofs.known[image.objgen] = _prove(image, proofs.effort)
    return proofs.known[image.objgen]


def _prove(image: Stream, effort: Effort) -> Proved:
    try:
        picture = _picture(image)
        if picture is None:
            return NOT_ASKED
        if int(image.get("/Length", 0)) > _MOST_BYTES or not effort.takes_on(picture):
            return Proved(is_damaged=False, is_quick=effort.is_too_much(picture))
        return Proved(is_damaged=_is_damaged(picture, image.read_raw_bytes()), is_quick=False)
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        # A dictionary that makes no sense; how readers show such a picture is not known.
        return NOT_ASKED


def _is_damaged(picture: Picture, data: bytes) -> bool:
    match picture.coding:
        case Coding.DCT:
            return data.startswith(_START) and bool(jpeg_flaw(data))
        case Coding.FLATE:
            row_bytes = (picture.width_px * picture.bits + 7) // 8
            return inflate((data,), row_bytes * picture.height_px) is not Inflated.ENOUGH
        case _:
            return bool(fax_flaw(picture, data))


def _picture(image: Stream) -> Picture | None:
    """What is to be known for decoding; ``bits`` are those of a whole pixel. None for what is not decoded."""
    name, settings = single(image.get("/Filter")), settings_of(image)
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    if min(width, height) < 1 or width * height > _MOST_PIXELS:
        return None
    if name == Name.DCTDecode:
        return Picture(width, height, 8, Colour.RGB, Coding.DCT)
    if name == Name.CCITTFaxDecode:
        coding = fax_coding(settings, width, height)
        return None if coding is None else Picture(width, height, 1, Colour.GREY, coding)
    bits = _pixel_bits(image)
    if name == Name.FlateDecode and bits:
        return Picture(width, height, bits, Colour.RGB, Coding.FLATE)
    return None


def _pixel_bits(image: Stream) -> int:
    if image.get("/ImageMask", False):
        return 1
    space: Any = image.get("/ColorSpace")
    return int(image.get("/BitsPerComponent", 0)) * channels_of(space)
