"""How one image stands in a PDF: its size, colours and coding, whoever made the bytes."""

from dataclasses import dataclass
from enum import StrEnum


class Colour(StrEnum):
    """The colour space of the samples."""

    GREY = "grey"
    RGB = "rgb"
    CMYK = "cmyk"
    INDEXED = "indexed"


CHANNELS = {Colour.GREY: 1, Colour.RGB: 3, Colour.CMYK: 4, Colour.INDEXED: 3}
"""Values a colour has; those of an indexed picture stand in its palette."""


class Coding(StrEnum):
    """How the bytes are coded (ISO 32000-1 section 7.4).

    ``G4_BLACK_IS_1`` is for data whose fax-black runs are to be shown white (TIFF's BlackIsZero).
    ``G3`` is T.4 of one dimension and ``G3_2D`` of two, both with an end-of-line code before each row; ``MH`` is
    Modified Huffman (TIFF's compression 2), each row on a byte boundary; each with its twin for BlackIsZero.
    ``JPX`` is a JP2 file around a JPEG 2000 codestream. ``FLATE_PNG`` is Flate over rows that each begin with a PNG
    filter byte.
    """

    DCT = "dct"
    JPX = "jpx"
    G4 = "g4"
    G4_BLACK_IS_1 = "g4-black-is-1"
    G3 = "g3"
    G3_BLACK_IS_1 = "g3-black-is-1"
    G3_2D = "g3-2d"
    G3_2D_BLACK_IS_1 = "g3-2d-black-is-1"
    MH = "mh"
    MH_BLACK_IS_1 = "mh-black-is-1"
    FLATE = "flate"
    FLATE_PNG = "flate-png"


@dataclass(frozen=True, slots=True)
class Picture:
    """One image as the PDF will state it. ``palette`` (red, green, blue bytes) is for ``Colour.INDEXED`` only.

    ``is_inverted`` asks for the samples to be read the other way round, as Adobe's CMYK JPEGs are. ``profile`` is the
    ICC profile of the samples (of the palette), already found sane; without one they are the device's own colours.
    """

    width_px: int
    height_px: int
    bits: int
    colour: Colour
    coding: Coding
    palette: bytes = b""
    is_inverted: bool = False
    profile: bytes = b""
