"""Decodes one image of a finished PDF, at a smaller size where that is cheaper: one of the modules that know Pillow."""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from image.document import Limits
from image.errors import ScanError, is_local
from image.picture import Coding, Colour, Picture
from image.probe.jpeg import JpegPage, probe_jpeg
from image.reader import reader_of

# Every size is held to the limits before a picture is decoded.
Image.MAX_IMAGE_PIXELS = None

BAND_ROWS = 256
"""Rows that ``grey_bands`` yields at a time; a multiple of 16."""

_PIXEL_BYTES = {"1": 1, "L": 1, "RGB": 4, "CMYK": 4, "P": 5}
"""What a pixel takes in Pillow; that of a palette also as the colour it stands for."""

_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "CMYK": 4, "P": 1}
DRAFTS = (8, 4, 2)
"""By what libjpeg divides the sides of a picture while it decodes (Pillow's ``draft``)."""


def is_readable(picture: Picture, data: bytes, size: tuple[int, int], limits: Limits) -> bool:
    """Whether ``data`` is what ``picture`` says, and can be brought to ``size`` (pixels) in the memory allowed.

    Looks at headers only: nothing is decoded.
    """
    mode, pixels = mode_of(picture), picture.width_px * picture.height_px
    if mode is None or pixels > limits.pixels:
        return False
    match picture.coding:
        case Coding.DCT:
            page = _jpeg(data, limits)
            if page is None or not _is_as_stated(page, picture):
                return False
            # Of a progressive picture the decoder holds every coefficient, two bytes each.
            coefficients = pixels * len(page.component_ids) if page.is_progressive else 0
            held_bytes = pixels // _draft(picture, size) ** 2 * _PIXEL_BYTES[mode] + 2 * coefficients
        case Coding.FLATE:
            held_bytes = pixels * _PIXEL_BYTES[mode] + _packed_bytes(picture, mode)
        case _:
            held_bytes = pixels * _PIXEL_BYTES[mode]
    return held_bytes + size[0] * size[1] * _PIXEL_BYTES[mode] <= limits.decoded_bytes


def decoded(picture: Picture, data: bytes, size: tuple[int, int]) -> Image.Image | None:
    """The samples of ``picture`` as they stand, Decode not applied; None when the data is damaged.

    ``data`` has been found readable. A JPEG comes out at the smallest size libjpeg offers that is not below ``size``;
    everything else as large as it is.
    """
    try:
        image = _opened(picture, data, size)
        image.load()
    except OSError as error:
        if is_local(error):
            raise
        return None
    except (ValueError, TypeError, SyntaxError, EOFError, KeyError, IndexError, AttributeError, zlib.error):
        return None
    return image if image.mode == mode_of(picture) else None


def grey_bands(image: Image.Image, size: tuple[int, int]) -> Iterator[tuple[int, Image.Image]]:
    """A black and white ``image`` in grey of ``size``, in bands, each with its first row: no more is held in grey."""
    for top in range(0, size[1], BAND_ROWS):
        bottom = min(top + BAND_ROWS, size[1])
        first, last = (row * image.height / size[1] for row in (top, bottom))
        above = int(first)
        rows = image.crop((0, above, image.width, min(image.height, int(last) + 1))).convert("L")
        box = (0, first - above, image.width, min(last - above, rows.height))
        yield top, rows.resize((size[0], bottom - top), Image.Resampling.BOX, box=box)


def mode_of(picture: Picture) -> str | None:
    """Pillow's mode for the samples of ``picture``; None for what is not decoded here."""
    if picture.colour is Colour.INDEXED:
        return "P"
    if picture.bits == 1:
        return "1" if picture.colour is Colour.GREY else None
    return {Colour.GREY: "L", Colour.RGB: "RGB", Colour.CMYK: "CMYK"}.get(picture.colour)


def _opened(picture: Picture, data: bytes, size: tuple[int, int]) -> Image.Image:
    mode = mode_of(picture)
    assert mode is not None, "found readable"
    whole = (picture.width_px, picture.height_px)
    image: Image.Image
    match picture.coding:
        case Coding.DCT:
            image = Image.open(io.BytesIO(data), formats=("JPEG",))
            by = _draft(picture, size)
            image.draft(None, (whole[0] // by, whole[1] // by))
            whole = (-(-whole[0] // by), -(-whole[1] // by))
        case Coding.G4 | Coding.G4_BLACK_IS_1:
            image = Image.open(io.BytesIO(_as_tiff(picture, data)), formats=("TIFF",))
        case Coding.FLATE_PNG:
            image = Image.open(io.BytesIO(_as_png(picture, data)), formats=("PNG",))
        case _:
            size_bytes = _packed_bytes(picture, mode)
            # Short data raises ValueError.
            samples = zlib.decompressobj().decompress(data, size_bytes)
            packed = f"P;{picture.bits}" if mode == "P" and picture.bits < 8 else mode  # noqa: PLR2004 -- whole bytes
            image = Image.frombytes(mode, whole, samples, "raw", packed)
            if mode == "P":
                image.putpalette(picture.palette)
    if image.size != whole:
        raise ValueError("the data is of another size")
    return image


def _draft(picture: Picture, size: tuple[int, int]) -> int:
    factor = min(picture.width_px // size[0], picture.height_px // size[1])
    return next((by for by in DRAFTS if by <= factor), 1)


def _packed_bytes(picture: Picture, mode: str) -> int:
    return picture.height_px * -(-picture.width_px * picture.bits * _CHANNELS[mode] // 8)


def _jpeg(data: bytes, limits: Limits) -> JpegPage | None:
    try:
        pages = probe_jpeg(reader_of(io.BytesIO(data)), limits)
    except ScanError:
        return None
    return pages[0] if len(pages) == 1 else None


def _is_as_stated(page: JpegPage, picture: Picture) -> bool:
    """Whether a JPEG is what the PDF says, and every reader agrees on its colours."""
    if (page.width_px, page.height_px, page.bits) != (picture.width_px, picture.height_px, 8) or not page.has_end:
        return False
    transform = page.adobe_transform
    match picture.colour, len(page.component_ids):
        case Colour.GREY, 1:
            return True
        case Colour.RGB, 3:
            # JFIF says YCbCr where Adobe may say RGB, and letters for names mean RGB to libjpeg alone.
            return transform != 0 if page.has_jfif else transform is not None or page.component_ids != tuple(b"RGB")
        case Colour.CMYK, 4:
            return transform is not None
        case _:
            return False


def _as_tiff(picture: Picture, data: bytes) -> bytes:
    """G4 data with a TIFF's head (TIFF 6.0, pages 13 to 16 and 49), so that a set bit comes out where PDF says 1."""
    entries = [
        (256, 4, picture.width_px),
        (257, 4, picture.height_px),
        (258, 3, 1),
        (259, 3, 4),  # compression: T.6
        (262, 3, 1 if picture.coding is Coding.G4_BLACK_IS_1 else 0),
        (273, 4, 8 + 2 + 9 * 12 + 4),  # the strip begins behind this directory
        (277, 3, 1),
        (278, 4, picture.height_px),
        (279, 4, len(data)),
    ]
    directory = b"".join(
        struct.pack("<HHIHxx" if kind == 3 else "<HHII", tag, kind, 1, value)  # noqa: PLR2004 -- a SHORT
        for tag, kind, value in entries
    )
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(4) + data


def _as_png(picture: Picture, data: bytes) -> bytes:
    """Flate data over PNG's rows with a PNG's head and end (ISO/IEC 15948 section 11)."""
    kind = {Colour.RGB: 2, Colour.INDEXED: 3}.get(picture.colour, 0)
    header = struct.pack(">IIBBBBB", picture.width_px, picture.height_px, picture.bits, kind, 0, 0, 0)
    palette = [(b"PLTE", picture.palette)] if picture.colour is Colour.INDEXED else []
    chunks = ((b"IHDR", header), *palette, (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
