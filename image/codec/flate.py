"""Flate of whole pictures, band by band: rows filtered as PNG filters them, so that noise packs better."""

import zlib
from collections.abc import Iterator

from PIL import Image, ImageChops

BAND_ROWS = 256
"""Rows compressed at a time: a band of an A4 page at 600 dpi takes 4 MB."""

_AVERAGE = b"\x03"
"""PNG's filter type 3 (ISO 15948 9.2): what a byte differs from the mean of those to its left and above it."""


def filtered_flate(image: Image.Image) -> Iterator[bytes]:
    """The samples of an L or RGB picture as PNG's rows (each behind its filter's number) in one zlib stream."""
    row_bytes = image.width * len(image.getbands())
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    for top in range(0, image.height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, image.height)
        # crop() fills with zeros outside the picture, as the filter wants it.
        band = image.crop((0, top, image.width, bottom))
        left = image.crop((-1, top, image.width - 1, bottom))
        above = image.crop((0, top - 1, image.width, bottom - 1))
        rows = ImageChops.subtract_modulo(band, ImageChops.add(left, above, 2)).tobytes()
        yield packer.compress(b"".join(_AVERAGE + rows[at : at + row_bytes] for at in range(0, len(rows), row_bytes)))
    yield packer.flush()


def plain_flate(data: bytes) -> Iterator[bytes]:
    """``data`` as a zlib stream, for palettes: their entries are no quantities that a filter could foretell."""
    # Level 6 is zlib's balance: level 9 takes three times as long for 2 % on scans.
    yield zlib.compress(data, 6)
