"""The images of a finished PDF that can be read exactly: how they are coded, how large they are shown, and where."""

from dataclasses import dataclass, replace
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from image.fit.packing import Key
from image.pdf.drawing import Shown, drawing
from image.picture import Coding, Colour, Picture

_DEVICE = {"/DeviceGray": Colour.GREY, "/DeviceRGB": Colour.RGB, "/DeviceCMYK": Colour.CMYK}
_CALIBRATED = {"/CalGray": Colour.GREY, "/CalRGB": Colour.RGB}
_BY_CHANNELS = {1: Colour.GREY, 3: Colour.RGB, 4: Colour.CMYK}
_CHANNELS = {colour: count for count, colour in _BY_CHANNELS.items()}
_OTHERWISE = frozenset({"/SMask", "/Mask", "/SMaskInData", "/Alternates", "/OPI", "/F"})
"""Entries (ISO 32000-1 table 89) by which an image is more than its samples."""

_ENTRY_BITS = frozenset({1, 2, 4, 8})
"""Of the entries of a palette (ISO 32000-1 section 8.6.6.3 and table 89)."""

_LEAST_IN = 0.01
"""An image shown narrower than this (a quarter of a millimetre) has no resolution worth the name."""


@dataclass(frozen=True, slots=True)
class Found:
    """An image, and the resolution at which it is shown: the lowest, when it is shown more than once.

    ``pages`` are the indexes (from 0, ascending) of the pages that show it. ``size_bytes``: as it is coded.
    """

    key: Key
    picture: Picture
    size_bytes: int
    dpi_x: float
    dpi_y: float
    pages: tuple[int, ...]


def pictures(pdf: Pdf) -> tuple[Found, ...]:
    """Every image of ``pdf`` that its pages show and that ``picture_of`` knows, in the order of the pages."""
    found: dict[Key, Found] = {}
    for index, page in enumerate(pdf.pages):
        drawn = drawing(page.obj)
        for shown in drawn.images if drawn is not None else ():
            key = shown.image.objgen
            known = found.get(key) or _found(shown, index)
            if known is not None:
                dpi_x, dpi_y = dpi_of(shown, known.picture)
                pages = known.pages if known.pages[-1] == index else (*known.pages, index)
                found[key] = replace(known, dpi_x=min(known.dpi_x, dpi_x), dpi_y=min(known.dpi_y, dpi_y), pages=pages)
    return tuple(found.values())


def picture_of(image: Stream) -> Picture | None:
    """How ``image`` is coded, when its samples can be read exactly and are all there is to it; None otherwise.

    Known are JPEG (grey, RGB, CMYK), G4, and Flate with or without PNG's filters (8 bit grey and RGB, 1 bit), in
    device, calibrated and ICC based colours.
    """
    try:
        return _picture(image)
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def drawing_of(image: Stream) -> Picture | None:
    """How ``image`` is coded when it is a drawing: Flate over entries of a palette of grey or RGB; None otherwise."""
    try:
        return _drawing(image)
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def dpi_of(shown: Shown, picture: Picture) -> tuple[float, float]:
    """The resolution at which ``picture`` is shown, along its rows and its columns."""
    return (
        picture.width_px / max(shown.width_in, _LEAST_IN),
        picture.height_px / max(shown.height_in, _LEAST_IN),
    )


def _found(shown: Shown, index: int) -> Found | None:
    picture = picture_of(shown.image)
    if picture is None or not shown.image.is_indirect:
        return None
    size_bytes = int(shown.image.get("/Length", 0))
    return Found(shown.image.objgen, picture, size_bytes, *dpi_of(shown, picture), (index,))


def _picture(image: Stream) -> Picture | None:
    width, height, bits = (int(image.get(key, 0)) for key in ("/Width", "/Height", "/BitsPerComponent"))
    colour = _colour(image.get("/ColorSpace"))
    is_stencil = bool(image.get("/ImageMask", False))
    if min(width, height) < 1 or colour is None or is_stencil or _OTHERWISE & set(image.keys()):
        return None
    is_inverted = _is_inverted(image.get("/Decode"), _CHANNELS[colour])
    coding = _coding(image, colour, (width, height, bits))
    if is_inverted is None or coding is None:
        return None
    return Picture(width, height, bits, colour, coding, is_inverted=is_inverted)


def _drawing(image: Stream) -> Picture | None:
    space, name = image.get("/ColorSpace"), single(image.get("/Filter"))
    is_other = "/Decode" in image or bool(image.get("/ImageMask", False)) or _OTHERWISE & set(image.keys())
    if not isinstance(space, Array) or space[0] != Name.Indexed or name != Name.FlateDecode or is_other:
        return None
    width, height, bits = (int(image.get(key, 0)) for key in ("/Width", "/Height", "/BitsPerComponent"))
    base, table = _colour(space[1]), space[3]
    values = table.read_bytes() if isinstance(table, Stream) else bytes(table)
    coding = _flate(settings_of(image), (1, bits, width))
    if min(width, height) < 1 or bits not in _ENTRY_BITS or base not in {Colour.GREY, Colour.RGB} or coding is None:
        return None
    palette = values if base is Colour.RGB else bytes(value for value in values for _ in range(3))
    return Picture(width, height, bits, Colour.INDEXED, coding, palette[: 3 << bits])


def _colour(space: Object | None) -> Colour | None:
    if isinstance(space, Name):
        return _DEVICE.get(str(space))
    if not isinstance(space, Array):
        return None
    if space[0] == Name.ICCBased:
        return _BY_CHANNELS.get(int(space[1].get("/N", 0)))
    return _CALIBRATED.get(str(space[0]))


def _is_inverted(decode: Object | None, channels: int) -> bool | None:
    """Whether ``/Decode`` turns the samples round; None when it does something else."""
    if decode is None:
        return False
    values = [float(value) for value in decode]
    if values == [0, 1] * channels:
        return False
    return True if values == [1, 0] * channels else None


def _coding(image: Stream, colour: Colour, size: tuple[int, int, int]) -> Coding | None:
    name, settings = single(image.get("/Filter")), settings_of(image)
    width, height, bits = size
    if name == Name.DCTDecode:
        return Coding.DCT if bits == 8 and not settings else None  # noqa: PLR2004 -- ISO 32000-1 7.4.8: always 8
    if name == Name.CCITTFaxDecode and (bits, colour) == (1, Colour.GREY):
        return fax_coding(settings, width, height)
    if name == Name.FlateDecode and (bits, colour) in {(8, Colour.GREY), (8, Colour.RGB), (1, Colour.GREY)}:
        return _flate(settings, (_CHANNELS[colour], bits, width))
    return None


def channels_of(space: Object | None) -> int:
    """How many values a pixel of this colour space has; 0 when it is none of the usual ones."""
    if isinstance(space, Array) and space[0] == Name.Indexed:
        return 1
    colour = _colour(space)
    return 0 if colour is None else _CHANNELS[colour]


def settings_of(image: Stream) -> dict[str, Any]:
    """The entries of ``/DecodeParms``, of the only filter there is."""
    parms = single(image.get("/DecodeParms"))
    return dict(parms.items()) if isinstance(parms, Dictionary) else {}


def fax_coding(settings: dict[str, Any], width: int, height: int) -> Coding | None:
    """The coding of G4 data of this size that can be decoded, or None."""
    # ISO 32000-1 table 11: K below 0 is G4, and Columns is 1728 unless stated.
    if int(settings.get("/K", 0)) >= 0 or settings.get("/EncodedByteAlign", False):
        return None
    if int(settings.get("/Columns", 1728)) != width or int(settings.get("/Rows", 0)) not in {0, height}:
        return None
    return Coding.G4_BLACK_IS_1 if settings.get("/BlackIs1", False) else Coding.G4


def _flate(settings: dict[str, Any], wanted: tuple[int, int, int]) -> Coding | None:
    predictor = int(settings.get("/Predictor", 1))
    if predictor == 1:
        return Coding.FLATE
    stated = tuple(int(settings.get(key, usual)) for key, usual in _PREDICTOR_DEFAULTS.items())
    # ISO 32000-1 table 10: 10 and above are PNG's filters, and each row says which it has.
    return Coding.FLATE_PNG if predictor >= _PNG and stated == wanted else None


_PNG = 10
_PREDICTOR_DEFAULTS = {"/Colors": 1, "/BitsPerComponent": 8, "/Columns": 1}


def single(value: Object | None) -> Object | None:
    """The only element of an array of one, or the value itself when it is no array."""
    if isinstance(value, Array):
        return value[0] if len(value) == 1 else value
    return value
