"""What a file is, from its first and last bytes, never from its name."""

import re
from enum import StrEnum

HEAD_BYTES = 4096
"""How much of the start ``sniff`` wants: a printer-language wrapper of a few lines and the header behind it."""

TAIL_BYTES = 2048
"""How much of the end ``sniff`` wants: ``startxref`` and ``%%EOF`` with some padding behind them."""

_PDF_HEADER_WITHIN_BYTES = 1024
"""ISO 32000-1 annex H.3 note 13: readers accept the header anywhere in the first 1024 bytes."""

_DIB_HEADER_BYTES = frozenset({12, 40, 52, 56, 64, 108, 124})
"""The sizes a bitmap's second header may have; without this check every text starting with "BM" is a bitmap."""

# Atomic groups, so that no text makes the search go back over its comments.
_HTML = re.compile(rb"(?is)\s*+(?><!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body|title|meta|script)\b")
_POSTSCRIPT = re.compile(
    rb"(?i)[\x04\s]*+%!|\x1b%-12345X(?>@PJL(?! ENTER)[^\n]*\n|\s)*+@PJL ENTER LANGUAGE\s*=\s*(?!PDF)"
)
_POSTSCRIPT_PDF = re.compile(rb"%!PS-Adobe-\d\.\d PDF-\d\.\d")
_NOT_TEXT = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b")) + b"\x7f"


class Kind(StrEnum):
    """What the bytes say a file is; the value stands in log and error sentences."""

    PDF = "pdf"
    TIFF = "tiff"
    JPEG = "jpeg"
    PNG = "png"
    BMP = "bmp"
    GIF = "gif"
    JP2 = "jp2"
    ZIP = "zip"
    HTML = "html"
    TEXT = "text"
    POSTSCRIPT = "postscript"
    UNKNOWN = "unknown"
    EMPTY = "empty"


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", Kind.PDF),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"II+\x00", Kind.TIFF),
    (b"MM\x00+", Kind.TIFF),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind.JP2),
    (b"\xff\x4f\xff\x51", Kind.JP2),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
)
"""First bytes: TIFF 6.0 section 2 and BigTIFF, T.81 B.1.1.3, PNG 5.2, GIF89a, ISO 15444-1 annexes I and A, ZIP 4.3."""


def sniff(head: bytes, tail: bytes) -> Kind:
    """What a file is, given its first ``HEAD_BYTES`` and last ``TAIL_BYTES`` (shorter files: all of it, in both).

    A PDF inside a printer-language wrapper, or behind up to a kilobyte of junk, is a PDF; so is one behind more junk
    when the end of the file is that of a PDF. Never raises.
    """
    if not head:
        return Kind.EMPTY
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _DIB_HEADER_BYTES:
        return Kind.BMP
    return _sniff_text(head, tail)


def _sniff_text(head: bytes, tail: bytes) -> Kind:
    """What a file without a signature in its first bytes is."""
    if _POSTSCRIPT.match(head) and not _POSTSCRIPT_PDF.match(head):
        return Kind.POSTSCRIPT
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return Kind.HTML
    if _POSTSCRIPT_PDF.match(head) or b"%PDF-" in head[:_PDF_HEADER_WITHIN_BYTES] or _ends_as_pdf(head, tail):
        return Kind.PDF
    return Kind.TEXT if _is_text(head) else Kind.UNKNOWN


def _ends_as_pdf(head: bytes, tail: bytes) -> bool:
    return b"startxref" in tail and b"%%EOF" in tail and (b"%PDF-" in head or not _is_text(head))


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return len(head.translate(None, _NOT_TEXT)) == len(head)
