"""Is this file whole? Judged from its head and its tail; nothing is decoded.

A client that died mid-file leaves the same events, size and closed handle as one that finished (measured on Samba 4.17,
2026-11): only the ends of the file tell the two apart.
"""

import struct
from typing import Final

from hotfolder.structure_jp2 import JP2_MAGICS, jp2_structure
from hotfolder.structure_pdf import pdf_structure
from hotfolder.structure_tiff import TIFF_MAGICS, tiff_structure
from hotfolder.verdict import Incomplete, Malformed, Reader, Structure, UnknownType, Whole

HEAD_BYTES: Final = 2048
"""Bytes from the start that ``structure_of`` wants."""
TAIL_BYTES: Final = 66 * 1024
"""Bytes from the end that ``structure_of`` wants: 64 KiB of padding, and the end mark before it."""

_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024  # PDF 32000-1 (2008), annex H.3, note 13: readers accept the header in the first 1024 bytes
_PDF_ENDS: Final = (b"startxref", b"%%EOF")
"""By these a PDF is one behind more junk, such as a printer language's, than readers admit; the converter drops it."""

_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIFS: Final = (b"GIF87a", b"GIF89a")
_BMP: Final = b"BM"
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MAGICS: Final = (*TIFF_MAGICS, *JP2_MAGICS, _JPEG, _PNG, *_GIFS, *_ZIPS, _PDF, _BMP)

_IEND: Final = b"IEND\xaeB\x60\x82"  # PNG 1.2 section 4.1.4: the chunk's type and its CRC, always the same
_GIF_HEADER_BYTES: Final = 13
_GIF_TRAILER, _GIF_EXTENSION, _GIF_IMAGE = 0x3B, 0x21, 0x2C  # GIF89a sections 27, 23 to 26, and 20
_GIF_BLOCKS: Final = 1_000_000
_EOI: Final = b"\xff\xd9"
_SOS: Final = 0xDA
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # T.81 table B.1: TEM, RSTn and SOI have no length
_SEGMENTS: Final = 1000
_JUNK_BYTES: Final = 64 * 1024
_ZIP_END: Final = struct.Struct("<4s4H2LH")  # APPNOTE 6.3 section 4.3.16
_ZIP64: Final = 0xFFFFFFFF
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_BMP_LEAST_BYTES: Final = 54
_BMP_OS2_HEADER: Final = 12
_BMP_PLAIN: Final = frozenset({0, 3, 6})  # BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS: rows of known length


def structure_of(head: bytes, tail: bytes, size_bytes: int, read: Reader) -> Structure:  # noqa: PLR0911  one a type
    """Judge a file by its ends.

    Args:
        head: the first ``HEAD_BYTES`` bytes, or the whole file when it is shorter.
        tail: the last ``TAIL_BYTES`` bytes, or the whole file when it is shorter.
        size_bytes: the file's size. For a file with holes: the offset of the first, and the tail ends there too; what
            lies behind a part that was never written proves nothing.
        read: for TIFF, whose directories may lie anywhere, and for JPEG and GIF, where an end mark may be none.

    Any bytes give a verdict, and in bounded time: no error is raised unless ``read`` raises one.
    """
    if head.startswith(TIFF_MAGICS):
        return tiff_structure(head, size_bytes, read)
    if head.startswith(_JPEG):
        return _jpeg(tail, size_bytes, read)
    if head.startswith(_PNG):
        return Whole() if _IEND in tail else Incomplete("the PNG has no end chunk (IEND)")
    if head.startswith(_GIFS):
        return _gif(head, read)
    if head.startswith(_ZIPS):
        return _zip(tail, size_bytes)
    if head.startswith(JP2_MAGICS):
        return jp2_structure(head, tail, size_bytes, read)
    if _PDF in head[: _PDF_WITHIN + len(_PDF)] or (_PDF_ENDS[0] in tail and _PDF_ENDS[1] in tail):
        return pdf_structure(head, tail, size_bytes)
    if head.startswith(_BMP):
        return _bmp(head, size_bytes)
    return _begun(head)


def _begun(head: bytes) -> Structure:
    if not head.strip(b"\0"):
        return Incomplete("nothing has been written into it yet")
    is_start = any(magic.startswith(head) for magic in _MAGICS)
    return Incomplete("only its first bytes are there") if is_start else UnknownType()


def _jpeg(tail: bytes, size_bytes: int, read: Reader) -> Structure:
    data = _jpeg_data_offset(size_bytes, read)
    if data is None:
        return Incomplete("the JPEG ends before its image data")
    # Inside the image data FF is always followed by 00 or a restart marker (T.81 section B.1.1.5), so an EOI there
    # is a real one; before it, it may be the end of a preview.
    end = tail.rfind(_EOI)
    if end >= 0 and size_bytes - len(tail) + end > data:
        return Whole()
    return Incomplete("the JPEG has no end mark (EOI)")


def _jpeg_data_offset(size_bytes: int, read: Reader) -> int | None:
    offset = 2
    for _ in range(_SEGMENTS):
        around = read(offset, 4)
        junk = 0
        # Some firmware pads between segments; FF itself may be repeated as fill (T.81 section B.1.1.2).
        while len(around) == 4 and (around[0] != 0xFF or around[1] in {0x00, 0xFF}):  # noqa: PLR2004  marker bytes
            offset, junk = offset + 1, junk + 1
            if junk > _JUNK_BYTES:
                return offset
            around = read(offset, 4)
        if len(around) < 4:  # noqa: PLR2004  a marker and its length
            return None
        if around[1] == _SOS:
            return offset
        offset += 2 if around[1] in _BARE_MARKERS else 2 + int.from_bytes(around[2:], "big")
        if offset >= size_bytes:
            return None
    return offset


def _gif(head: bytes, read: Reader) -> Structure:
    """Walk the blocks: any two bytes inside the image data may look like the trailer."""
    cut = Incomplete("the GIF has no trailer")
    if len(head) < _GIF_HEADER_BYTES:
        return cut
    offset = _GIF_HEADER_BYTES + _gif_table_bytes(head[10])
    in_blocks = False
    for _ in range(_GIF_BLOCKS):
        around = read(offset, 11)
        if not around:
            return cut
        if in_blocks:
            offset += 1 + around[0]
            in_blocks = around[0] != 0
        elif around[0] == _GIF_EXTENSION:
            offset, in_blocks = offset + 2, True
        elif around[0] == _GIF_IMAGE and len(around) == 11:  # noqa: PLR2004  separator, nine bytes, LZW code size
            offset, in_blocks = offset + 11 + _gif_table_bytes(around[9]), True
        elif around[0] == _GIF_TRAILER:
            return Whole()
        else:
            return cut if around[0] in {0, _GIF_IMAGE} else Malformed("the GIF has a block of no known kind")
    return Malformed("the GIF has more blocks than any scanner writes")


def _gif_table_bytes(flags: int) -> int:
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _zip(tail: bytes, size_bytes: int) -> Structure:
    at = tail.rfind(_ZIPS[1])
    if at < 0 or at + _ZIP_END.size > len(tail):
        return Incomplete("the ZIP has no end record")
    _, _, _, _, _, directory_bytes, directory_at, comment_bytes = _ZIP_END.unpack_from(tail, at)
    end_at = size_bytes - len(tail) + at
    if _ZIP64 not in {directory_at, directory_bytes} and directory_at + directory_bytes > end_at:
        return Incomplete("the ZIP lacks a part before its end record")
    return Whole() if at + _ZIP_END.size + comment_bytes <= len(tail) else Incomplete("the ZIP's comment is cut short")


def _bmp(head: bytes, size_bytes: int) -> Structure:
    if len(head) < _BMP_LEAST_BYTES:
        return Incomplete("the BMP ends in its header")
    claimed_bytes, _, pixels_at, header_bytes = struct.unpack_from("<4L", head, 2)
    if header_bytes not in _BMP_HEADERS:
        return UnknownType()
    if header_bytes == _BMP_OS2_HEADER:
        width, height, _, bits = struct.unpack_from("<4H", head, 18)
        compression = image_bytes = 0
    else:
        width, height, _, bits, compression, image_bytes = struct.unpack_from("<2l2H2L", head, 18)
    # The size in the header is often wrong; rows of known length are not.
    if compression in _BMP_PLAIN:
        needed_bytes = pixels_at + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    else:
        needed_bytes = pixels_at + image_bytes if image_bytes else claimed_bytes
    return Whole() if size_bytes >= needed_bytes else Incomplete("the BMP has fewer rows than it says")
