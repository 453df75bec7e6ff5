"""JPEG 2000 files put together box by box for the tests."""

import struct

from PIL import Image

from tests.image.drawn import saved

SRGB, GREY, CMYK = 16, 17, 12


def codestream(image: Image.Image, **options: object) -> bytes:
    """The bare codestream of a picture."""
    return saved(image, "JPEG2000", no_jp2=True, **options)


def box(name: bytes, body: bytes) -> bytes:
    """One box."""
    return struct.pack(">I4s", 8 + len(body), name) + body


def by_number(space: int) -> bytes:
    """The colour box that names a colour space."""
    return box(b"colr", struct.pack(">3BI", 1, 0, 0, space))


def by_profile(profile: bytes) -> bytes:
    """The colour box that holds a profile."""
    return box(b"colr", b"\x02\x00\x00" + profile)


def resolution(name: bytes, dpi_x: int, dpi_y: int) -> bytes:
    """The boxes of a resolution."""
    x, y = (round(value / 0.0254) for value in (dpi_x, dpi_y))
    return box(b"res ", box(name, struct.pack(">4H2b", y, 1, x, 10, 0, 1)))


def defined(*channels: tuple[int, int, int]) -> bytes:
    """The channel definition box."""
    body = b"".join(struct.pack(">3H", *channel) for channel in channels)
    return box(b"cdef", struct.pack(">H", len(channels)) + body)


def jp2(stream: bytes, *boxes: bytes, before: bytes = b"") -> bytes:
    """A JP2 file around ``stream`` with these boxes in its header, and ``before`` in front of the codestream."""
    right, bottom, left, top = struct.unpack(">4I", stream[8:24])
    header = struct.pack(">II", bottom - top, right - left) + stream[40:43] + b"\x07\x00\x00"
    return (
        box(b"jP  ", b"\r\n\x87\n")
        + box(b"ftyp", b"jp2 \x00\x00\x00\x00jp2 ")
        + box(b"jp2h", box(b"ihdr", header) + b"".join(boxes))
        + before
        + box(b"jp2c", stream)
    )
