"""Is this JPEG 2000 file whole? Judged from its boxes, or by the end mark of its codestream."""

from typing import Final

from hotfolder.verdict import Incomplete, Malformed, Reader, Structure, Whole

JP2_MAGICS: Final = (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
"""ISO 15444-1 annex I.5.1 (the signature box) and A.4.1, A.5.1 (SOC, which SIZ follows at once)."""

_END: Final = b"\xff\xd9"
_CODESTREAM: Final = b"jp2c"
_BOXES: Final = 1000
_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 16
_IS_LONG: Final = 1
_NO_MARK: Final = Incomplete("the JPEG 2000 file has no end mark (EOC)")


def jp2_structure(head: bytes, tail: bytes, size_bytes: int, read: Reader) -> Structure:
    """Judge a JPEG 2000 file by the box of its codestream, which must be all there (ISO 15444-1 annex I.4).

    Above FF 8F no bytes stand in a codestream's data (annex B.10.1), so that an end mark there is a real one; it counts
    where a box or a bare codestream goes to the end of the file. ``read`` is called for the heads of the boxes.
    """
    if head.startswith(JP2_MAGICS[1]):
        return Whole() if _END in tail else _NO_MARK
    offset = 0
    for _ in range(_BOXES):
        around = read(offset, _LONG_HEADER_BYTES)
        if len(around) < _HEADER_BYTES:
            break
        length = int.from_bytes(around[:4], "big")
        if length == _IS_LONG:
            length = int.from_bytes(around[_HEADER_BYTES:_LONG_HEADER_BYTES], "big")
        is_codestream = around[4:8] == _CODESTREAM
        if length == 0:
            if not is_codestream:
                break
            return Whole() if _END in tail else _NO_MARK
        if length < _HEADER_BYTES:
            return Malformed("the JPEG 2000 file has a box of no length")
        offset += length
        if offset > size_bytes:
            break
        if is_codestream:
            return Whole() if read(offset - len(_END), len(_END)) == _END else _NO_MARK
    return Incomplete("the JPEG 2000 file ends before its picture does")
