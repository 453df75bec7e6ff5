"""Is this PDF whole? Judged from its head and tail."""

import re
from typing import Final

from hotfolder.verdict import Incomplete, Malformed, Structure, Whole

_END: Final = b"%%EOF"
_START: Final = re.compile(rb"startxref\s{0,16}(\d{1,20})?")
_START_WITHIN_BYTES: Final = 1024
_BLANK: Final = b"\0\t\n\f\r "
_JUNK_BYTES: Final = 2048
_OBJECT: Final = re.compile(rb"\b\d{1,10}\s{1,8}\d{1,5}\s{1,8}obj\b|\bxref\b|\btrailer\b")
# The same, broken off early: "12 0 ob". No object has the number 0, but the last chunk of an HTTP body looks like one.
_OBJECT_BEGUN: Final = re.compile(rb"[1-9]\d{0,9}(?:\s+(?:\d{1,5}(?:\s+(?:ob?)?)?)?)?")


def pdf_structure(head: bytes, tail: bytes, size_bytes: int) -> Structure:  # noqa: PLR0911  one a verdict
    """Judge a PDF by its end mark (PDF 32000-1 section 7.5.5: ``startxref``, an offset, ``%%EOF``).

    Behind the end mark blank padding is allowed as far as the tail reaches, and 2 KiB of junk, but not the beginning of
    one more page: a device that appends leaves the end mark of the pages before it. A linearised file has an early end
    mark with offset 0 (annex F.3.4) that ends nothing.
    """
    end = tail.rfind(_END)
    if end < 0:
        return Incomplete("the PDF has no end mark (%%EOF)")
    after = tail[end + len(_END) :].strip(_BLANK)
    if _OBJECT_BEGUN.fullmatch(after) is not None or _OBJECT.search(after) is not None:
        return Incomplete("the PDF goes on after its end mark and then breaks off")
    starts = list(_START.finditer(tail, max(0, end - _START_WITHIN_BYTES), end))
    if not starts:
        return Incomplete("the PDF has no startxref before its end mark")
    digits = starts[-1][1]
    if digits is None:
        return Malformed("the PDF's startxref has no number")
    offset = int(digits)
    if offset == 0 and b"/Linearized" in head:
        return Incomplete("only the first part of the PDF is there")
    if not 0 < offset < size_bytes:
        return Malformed("the PDF's startxref points outside the file")
    if len(after) > _JUNK_BYTES:
        return Malformed("the PDF goes on for long after its end mark")
    return Whole()
