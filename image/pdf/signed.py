"""Digital signatures in an incoming PDF: whether it carries one, and whether its bytes may be passed unchanged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf

from image.document import Limits, Written
from image.limit import check_output
from image.pdf.acting import acts
from image.reader import Reader, Span, reader_of

_MAGIC = b"%PDF-"
_HEAD_BYTES = 1024
"""ISO 32000-1 annex H.3 note 13: where the header may begin."""

_TAIL_BYTES = 1024
"""The same, note 18: where the mark of the end may stand."""

_MAX_FIELDS = 20_000
_RANGE_VALUES = 4


def is_signed(pdf: Pdf) -> bool:
    """Whether the form says that it holds a signature, or a field of it does, or the document is certified."""
    form = pdf.Root.get("/AcroForm")
    flags: Any = form.get("/SigFlags", 0) if isinstance(form, Dictionary) else 0
    # ISO 32000-1 table 219: bit 1, the document contains a signature.
    return (isinstance(flags, int) and bool(flags & 1)) or any(True for _ in signatures_of(pdf))


def signatures_of(pdf: Pdf) -> Iterator[Object]:
    """The signature dictionaries (ISO 32000-1 table 252) of all fields, and the one that certifies the document."""
    permissions = pdf.Root.get("/Perms")
    if isinstance(permissions, Dictionary) and isinstance(permissions.get("/DocMDP"), Dictionary):
        yield permissions.DocMDP
    waiting = [
        *_fields(pdf.Root.get("/AcroForm")),
        *(one for page in pdf.pages for one in _listed(page.obj, "/Annots")),
    ]
    seen: set[tuple[int, int]] = set()
    for _ in range(_MAX_FIELDS):
        if not waiting:
            return
        field = waiting.pop()
        if field.is_indirect:
            if field.objgen in seen:
                continue
            seen.add(field.objgen)
        value = field.get("/V")
        if isinstance(value, Dictionary) and (field.get("/FT") == Name.Sig or "/ByteRange" in value):
            yield value
        waiting.extend(_listed(field, "/Kids"))


def is_passable(pdf: Pdf, source: Path) -> bool:
    """Whether a signed, undamaged PDF may go as it is: nothing in it acts, and its signatures fit its bytes."""
    return not pdf.is_encrypted and not acts(pdf) and _fits(pdf, source)


def copy_signed(source: Path, out: Path, limits: Limits) -> Written:
    """Copies the PDF at ``source``, from its header on, byte for byte. Raises ``ScanError`` (too-large)."""
    size_bytes = 0
    with source.open("rb") as file, out.open("wb") as target:
        reader = reader_of(file)
        start = _start(reader)
        check_output(reader.size_bytes - start, limits)
        for chunk in reader.chunks(Span(start, reader.size_bytes - start)):
            size_bytes += target.write(chunk)
    return Written(size_bytes)


def _fields(form: Object | None) -> list[Object]:
    return _listed(form, "/Fields") if isinstance(form, Dictionary) else []


def _listed(dictionary: Object, key: str) -> list[Object]:
    found = dictionary.get(key)
    return [one for one in found if isinstance(one, Dictionary)] if isinstance(found, Array) else []


def _fits(pdf: Pdf, source: Path) -> bool:
    """Whether the file has an end, and each signature leaves out just its own value, a string in angle brackets."""
    ranges = [one.get("/ByteRange") for one in signatures_of(pdf)]
    with source.open("rb") as file:
        reader = reader_of(file)
        start = _start(reader)
        if start < 0 or not ranges:
            return False
        signed = reader.part(Span(start, reader.size_bytes - start))
        tail_bytes = min(_TAIL_BYTES, signed.size_bytes)
        has_end = b"%%EOF" in signed.read(signed.size_bytes - tail_bytes, tail_bytes)
        return has_end and all(_is_gap(one, signed) for one in ranges)


def _is_gap(byte_range: Object | None, reader: Reader) -> bool:
    values: list[Any] = list(byte_range) if isinstance(byte_range, Array) else []
    if len(values) != _RANGE_VALUES or not all(isinstance(one, int) for one in values):
        return False
    first, before, behind, rest = values
    if first != 0 or not 0 < before < behind or rest < 0 or behind + rest > reader.size_bytes:
        return False
    return reader.read(before, 1) == b"<" and reader.read(behind - 1, 1) == b">"


def _start(reader: Reader) -> int:
    return reader.read(0, min(_HEAD_BYTES + len(_MAGIC), reader.size_bytes)).find(_MAGIC)
