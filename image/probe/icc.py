"""ICC profiles: how one is built, which of those that come with a scan is to be believed, and where it stands."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from image.errors import ScanError
from image.reader import Reader, Span

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""The largest profile carried along: those of printing presses take up to 3 MB, those of scanners a few kB."""

D50 = (0.9642, 1.0, 0.8249)
"""The white of the connection space (ICC.1:2010 7.2.16)."""

_HEADER_BYTES = 128
_MAX_TAGS = 200
_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
_CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
_NEWEST_MAJOR = 4
_MODELS: dict[int, tuple[frozenset[bytes], ...]] = {
    1: (frozenset({b"kTRC"}), frozenset({b"A2B0"})),
    3: (frozenset({b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}), frozenset({b"A2B0"})),
    4: (frozenset({b"A2B0"}),),
}
"""What a profile must hold, one set or the other, to lead from its colours to those of the eye (ICC.1:2010 8.3)."""


@dataclass(frozen=True, slots=True)
class ProfileSource:
    """Where a file holds its profile: runs that belong together, in order; as a zlib stream when ``is_deflated``."""

    parts: tuple[Span, ...]
    is_deflated: bool = False


def read_profile(reader: Reader, source: ProfileSource) -> bytes:
    """The profile at ``source``, or nothing when it is too long or broken: a picture can be shown without it."""
    if sum(part.size_bytes for part in source.parts) > MAX_PROFILE_BYTES:
        return b""
    try:
        data = b"".join(reader.read(part.offset, part.size_bytes) for part in source.parts)
    except ScanError:
        return b""
    if not source.is_deflated:
        return data
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(data, MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return data if unpacker.eof else b""


def is_sane(profile: bytes, channels: int) -> bool:
    """Whether a PDF may show ``channels`` samples a pixel by ``profile`` (ISO 19005-2 6.2.4.2, ISO 32000-1 8.6.5.5).

    An input, display, output or colour space profile of version 4 or older, for grey, RGB or CMYK, whose size is
    true, whose tags lie inside, and that holds the way to the connection space.
    """
    return len(profile) > _HEADER_BYTES + 4 and _is_head_sane(profile, channels) and _are_tags_sane(profile, channels)


def _is_head_sane(profile: bytes, channels: int) -> bool:
    return (
        int.from_bytes(profile[:4], "big") == len(profile)
        and 1 <= profile[8] <= _NEWEST_MAJOR
        and profile[12:16] in _CLASSES
        and profile[16:20] == _SPACES[channels]
        and profile[20:24] in {b"XYZ ", b"Lab "}
        and profile[36:40] == b"acsp"
    )


def _are_tags_sane(profile: bytes, channels: int) -> bool:
    count = int.from_bytes(profile[_HEADER_BYTES : _HEADER_BYTES + 4], "big")
    start = _HEADER_BYTES + 4 + 12 * count
    if not 1 <= count <= _MAX_TAGS or start > len(profile):
        return False
    tags = [struct.unpack(">4sII", profile[at : at + 12]) for at in range(_HEADER_BYTES + 4, start, 12)]
    if any(offset < start or offset + size_bytes > len(profile) for _, offset, size_bytes in tags):
        return False
    names = {name for name, _, _ in tags}
    return any(model <= names for model in _MODELS[channels])


def assembled(version: int, intent: int, signatures: bytes, elements: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A profile of these tags and their data; equal data is stored once (ICC.1:2010 section 7).

    ``version`` is the header's number (0x02100000 is 2.1), ``intent`` its rendering intent (0 perceptual, 1 relative
    colorimetric), ``signatures`` are those of class, colour space and connection space, one behind the other.
    """
    table, body = struct.pack(">I", len(elements)), b""
    placed: dict[bytes, int] = {}
    start = _HEADER_BYTES + 4 + 12 * len(elements)
    for tag, data in elements:
        if data not in placed:
            placed[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", tag, placed[data], len(data))
    header = struct.pack(
        ">I4xI12s6H4s24xIIII48x",
        _HEADER_BYTES + len(table) + len(body),
        version,
        signatures,
        *(2020, 1, 1, 0, 0, 0),
        b"acsp",
        intent,
        *(round(value * 65536) for value in D50),
    )
    return header + table + body


def xyz(value: tuple[float, float, float]) -> bytes:
    """The element of one colour in XYZ."""
    return b"XYZ " + bytes(4) + fixed(*value)


def fixed(*values: float) -> bytes:
    """Numbers in the profile's own notation, 16 bits before the point and 16 behind it (s15Fixed16Number)."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
