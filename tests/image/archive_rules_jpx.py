"""The rules of PDF/A-2 about JPEG 2000 (ISO 19005-2 clause 6.2.8.3), read from the boxes of ISO 15444-1 annex I."""

import struct
from collections.abc import Iterator

_EXACT, _CIE_JAB = 1, 19
_ENUMERATED = {16: "RGB", 17: "GRAY", 12: "CMYK", 18: "RGB"}
"""EnumCS (ISO 15444-1 table I.10, 15444-2 table M.25): sRGB, grey, CMYK, and sYCC, which becomes sRGB."""


def broken_in_jpx(data: bytes, intent: str, *, has_space: bool) -> Iterator[str]:
    """What is wrong with the JPEG 2000 file ``data``; ``has_space``: the image dictionary names its colours itself."""
    found = dict(boxes(data))
    header = found.get(b"jp2h", b"")
    inner = list(boxes(header))
    image = dict(inner).get(b"ihdr")
    if b"ftyp" not in found or image is None:
        yield "6.2.8.3: not a JPX file: ISO 32000-1 7.4.9 wants one, not a bare code stream"
        return
    _, _, channels, depth = struct.unpack(">IIHB", image[:11])
    opacity = dict(inner).get(b"cdef", b"")
    colours = channels - sum(1 for at in range(2, len(opacity), 6) if opacity[at + 2 : at + 4] in {b"\0\1", b"\0\2"})
    if b"pclr" in dict(inner):
        colours = len(dict(inner).get(b"cmap", b"")) // 4
    if colours not in {1, 3, 4}:
        yield f"6.2.8.3: {colours} colour channels"
    if depth == 0xFF or not 1 <= (depth & 0x7F) + 1 <= 38:
        yield "6.2.8.3: channels of different depths, or deeper than 38 bits"
    if not has_space:
        yield from _colours([body for name, body in inner if name == b"colr"], intent)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and contents of the boxes in ``data`` (ISO 15444-1 I.4)."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        end = at + size if size >= head else len(data)
        yield name, data[at + head : end]
        at = end


def _colours(specifications: list[bytes], intent: str) -> Iterator[str]:
    """Each specification: METH, PREC, APPROX, then EnumCS or a profile (ISO 15444-1 I.5.3.3)."""
    exact = [one for one in specifications if one[2] == _EXACT]
    if not specifications or (len(specifications) > 1 and len(exact) != 1):
        yield "6.2.8.3: not exactly one colour specification to be used"
        return
    used = exact[0] if exact else specifications[0]
    if used[0] not in {1, 2, 3}:
        yield "6.2.8.3: a colour specification of an unknown method"
    number = int.from_bytes(used[3:7], "big") if used[0] == 1 else 0
    if number == _CIE_JAB:
        yield "6.2.8.3: the colour space CIEJab"
    covered = _ENUMERATED.get(number)
    if covered == "CMYK" and intent != covered:
        yield "6.2.4.3: CMYK without an output intent that covers it"
