"""Bytes to what a sidecar says, by the suffix of its name.

The forms, at most 64 KiB:

- JSON, UTF-8: ``{"to": ["alice@contoso.com"], "subject": "Invoice"}``, no other keys;
- TXT, UTF-8: lines ``To: alice@contoso.com, bob@contoso.com`` and ``Subject: Invoice``, in any case, no other lines;
- XML: ``hotfolder.sidecar_xml``.

What is not understood is refused whole: half an understanding might send a scan to the wrong person.
"""

import json
from typing import Any, Final, NoReturn

from hotfolder.sidecar import SIDECAR_BYTES, SUFFIXES, FormError, Sidecar, Unusable, said
from hotfolder.sidecar_xml import read_xml

_KEYS: Final = frozenset({"to", "subject"})
_BOM: Final = "\ufeff"  # Windows' editors write one (Unicode 15.0 section 23.8)


def read(data: bytes, name: str) -> Sidecar | Unusable:
    """Read a sidecar by the suffix of its name. Any bytes give one of the two."""
    if len(data) > SIDECAR_BYTES:
        return Unusable(f"it is larger than {SIDECAR_BYTES // 1024} KiB")
    readers = {".json": _read_json, ".txt": _read_text, ".xml": read_xml}
    suffix = next((suffix for suffix in SUFFIXES if name.casefold().endswith(suffix)), "")
    if not suffix:
        return Unusable("its name does not end in .json, .txt or .xml")
    try:
        return readers[suffix](data)
    except FormError as error:
        return Unusable(str(error))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError:
        raise FormError("it is not written in UTF-8") from None


def _read_text(data: bytes) -> Sidecar:
    to: list[str] = []
    subjects: list[str] = []
    for number, line in enumerate(_decoded(data).splitlines(), start=1):
        key, colon, value = line.partition(":")
        match key.strip().lower() if colon else line.strip():
            case "":
                if colon:
                    raise FormError(f"line {number} begins with a colon")
            case "to":
                to.append(value)
            case "subject":
                subjects.append(value)
            case _:
                raise FormError(f'line {number} begins with neither "To:" nor "Subject:"')
    return said(to, subjects)


def _read_json(data: bytes) -> Sidecar:
    try:
        fields: Any = json.loads(_decoded(data), object_pairs_hook=_unique, parse_constant=_no_constant)
    except FormError:
        raise
    except (ValueError, RecursionError):
        raise FormError("it is no JSON") from None
    if not isinstance(fields, dict) or not fields.keys() <= _KEYS:
        raise FormError('it is no JSON object with the keys "to" and "subject" alone')
    to, subject = fields.get("to", []), fields.get("subject", "")
    if not isinstance(to, list) or not all(isinstance(text, str) for text in to):
        raise FormError('"to" is no list of texts')
    if not isinstance(subject, str):
        raise FormError('"subject" is no text')
    return said(to, [subject])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormError("it has a key twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise FormError(f"it holds {text}, which is no JSON")
