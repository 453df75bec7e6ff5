"""The rules of PDF/A-2 about how a file is written (ISO 19005-2 clause 6.1), read from its raw bytes."""

import re
from collections.abc import Iterator

from tests.image.pdf_tokens import Sort, Token, Written, data_end, objects, tokens

_EOL = rb"(?:\r\n|\n|\r)"
_HEADER = re.compile(rb"%PDF-1\.[0-7]" + _EOL + rb"%[\x80-\xff]{4}")
_XREF = re.compile(rb"xref" + _EOL + rb"(?=\d+ \d+" + _EOL + rb")")
_SECTION = re.compile(rb"(\d+) (\d+)" + _EOL)
_ENTRY = re.compile(rb"\d{10} \d{5} [nf](?: \r| \n|\r\n)")
_SPACING = re.compile(rb"\d+[\x00\t\n\x0c\r ]\d+[\x00\t\n\x0c\r ]obj")
_STEPS = {b"<<": 1, b">>": -1, b"[": 1, b"]": -1}
"""How deep a bracket leads."""

_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_SPACES = b"\x00\t\n\x0c\r "
MAX_OBJECTS, MAX_NAME_BYTES, MAX_STRING_BYTES = 8388607, 127, 32767
MIN_INTEGER, MAX_INTEGER, MAX_REAL = -(2**31), 2**31 - 1, 3.403e38


def broken_in_file(data: bytes) -> Iterator[str]:
    """The clauses of 6.1.2 to 6.1.9 and 6.1.13 that ``data`` breaks as far as bytes show, each with what is wrong."""
    if not _HEADER.match(data):
        yield "6.1.2: no header at byte 0 with a comment of four bytes above 127"
    if not re.search(rb"%%EOF" + _EOL + rb"?\Z", data):
        yield "6.1.3: something follows the last %%EOF"
    written = objects(data)
    yield from _xref(data, written)
    if len(written) > MAX_OBJECTS:
        yield "6.1.13: too many objects"
    for one in written:
        yield from (f"{fault} (object {one.number})" for fault in _object(data, one))


def broken_tokens(found: Iterator[Token]) -> Iterator[str]:
    """What is wrong with single tokens, of an object or of a page's instructions."""
    for token in found:
        match token.sort:
            case Sort.HEX:
                digits = token.data.translate(None, _SPACES)
                if len(digits) % 2 or not _HEX_DIGITS.issuperset(digits):
                    yield "6.1.6: a hexadecimal string with half a byte or with other signs"
                if len(digits) // 2 > MAX_STRING_BYTES:
                    yield "6.1.13: a string is too long"
            case Sort.TEXT if len(token.data) > MAX_STRING_BYTES:
                yield "6.1.13: a string is too long"
            case Sort.NAME if len(re.sub(rb"#[0-9A-Fa-f]{2}", b"x", token.data)) > MAX_NAME_BYTES:
                yield "6.1.13: a name is too long"
            case Sort.NUMBER if b"." in token.data:
                if abs(float(token.data)) > MAX_REAL:
                    yield "6.1.13: a real number is too large"
            case Sort.NUMBER if not MIN_INTEGER <= int(token.data) <= MAX_INTEGER:
                yield "6.1.13: an integer is too large"
            case _:
                pass


def _xref(data: bytes, written: list[Written]) -> Iterator[str]:
    found = re.findall(rb"startxref\s+(\d+)\s+%%EOF", data)
    start = int(found[-1]) if found else len(data)
    if data[start : start + 4] != b"xref":
        # ISO 32000-1 7.5.8: a cross-reference stream is an object, and is looked at as one.
        if not re.match(rb"\d+ \d+ obj", data[start : start + 30]):
            yield "6.1.4: startxref does not lead to a cross-reference table"
        return
    head = _XREF.match(data, start)
    if head is None:
        yield "6.1.4: the keyword xref is not followed by one EOL and a subsection of two numbers"
        return
    offsets: list[int] = []
    at = head.end()
    while section := _SECTION.match(data, at):
        at = section.end()
        for _ in range(int(section[2])):
            entry = _ENTRY.match(data, at)
            if entry is None:
                yield "6.1.4: an entry of the cross-reference table is not 20 bytes of its form"
                return
            offsets += [int(entry[0][:10])] if entry[0][17:18] == b"n" else []
            at = entry.end()
    wrong = set(offsets) - {one.offset for one in written}
    if wrong:
        yield f"6.1.4: the cross-reference table leads to no object at {min(wrong)}"


def _object(data: bytes, one: Written) -> Iterator[str]:
    before = data[max(0, one.offset - 1) : one.offset]
    if not _SPACING.fullmatch(one.header) or before not in {b"\n", b"\r"} or one.body[:1] not in {b"\n", b"\r"}:
        yield "6.1.9: wrong space around the object number or the keyword obj"
    found = list(tokens(one.body))
    yield from broken_tokens(iter(found))
    end = one.offset + len(one.header) + len(one.body)
    if one.data_at is not None:
        yield from _stream(data, one, _top_keys(found))
        end = data.find(b"endobj", data_end(data, one.data_at, one.length))
    if data[end - 1 : end] not in {b"\n", b"\r"} or data[end + 6 : end + 7] not in {b"\n", b"\r"}:
        yield "6.1.9: the keyword endobj does not stand on a line of its own"


def _stream(data: bytes, one: Written, keys: set[bytes]) -> Iterator[str]:
    assert one.data_at is not None
    opening = re.compile(rb"\r\n|\n").match(data, one.data_at)
    if opening is None:
        yield "6.1.7.1: the keyword stream is not followed by CR LF or LF"
    if keys & {b"F", b"FFilter", b"FDecodeParms"}:
        yield "6.1.7.1: the stream's data lies in another file"
    start = opening.end() if opening else one.data_at
    if one.length is None or not re.compile(_EOL + rb"endstream").match(data, start + one.length):
        yield "6.1.7.1: Length is not the number of bytes between the stream's keywords"


def _top_keys(found: list[Token]) -> set[bytes]:
    """The keys of the outermost dictionary: names at its depth that stand where a key does."""
    keys: set[bytes] = set()
    depth, is_value = 0, False
    for token in found:
        if token.sort is Sort.OTHER and token.data in _STEPS:
            depth += _STEPS[token.data]
            is_value = False
        elif token.sort is Sort.NAME and depth == 1 and not is_value:
            keys.add(token.data)
            is_value = True
        else:
            is_value = False
    return keys
