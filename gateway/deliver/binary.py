"""A mail in binary form for BINARYMIME (RFC 3030): what stands in base64 goes as it is, 27 % fewer bytes.

Two passes over the same bytes: ``plan`` finds which parts can go so, and the size to announce; ``binary_form`` makes
them so. A part that a reader might take apart otherwise, or whose base64 is not plain, stays as it is.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.deliver.mime import Edge, Head, Piece, StrangeError, pieces

_LABEL: Final = b"Content-Transfer-Encoding: binary\r\n"
_NAME: Final = b"content-transfer-encoding:"
_LINE_END_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a mail: the size of its binary form, the parts decoded for it, and the multiparts around them.

    Both by their numbers (``Head.number``).
    """

    size_bytes: int
    decoded: frozenset[int]
    around: frozenset[int]


@dataclass(slots=True)
class _Decoder:
    """Base64 as ``compose`` writes it: the alphabet and line ends alone, padded at its end (RFC 4648 section 3)."""

    held: bytes = b""
    is_ended: bool = False

    def feed(self, text: bytes) -> bytes:
        """Decode a stretch. Raises ValueError for anything else than base64."""
        digits = self.held + text.translate(None, b"\r\n")
        if self.is_ended and digits:
            raise ValueError("behind its padding")
        whole = len(digits) - len(digits) % 4
        self.held = digits[whole:]
        self.is_ended = digits[whole - 1 : whole] == b"="
        return binascii.a2b_base64(digits[:whole], strict_mode=True) if whole else b""


@dataclass(slots=True)
class _Trial:
    """One part in base64 during the first pass. ``marks`` are what its content must not hold: delimiters around it."""

    head: Head
    marks: tuple[bytes, ...]
    decoder: _Decoder = field(default_factory=_Decoder)
    raw_bytes: int = 0
    clear_bytes: int = 0
    tail: bytes = b""
    is_good: bool = True

    def feed(self, piece: bytes) -> None:
        self.raw_bytes += len(piece)
        if not self.is_good:
            return
        try:
            clear = self.decoder.feed(piece)
        except ValueError:
            self.is_good = False
            return
        self.clear_bytes += len(clear)
        seen = self.tail + clear
        self.is_good = not any(mark in seen for mark in self.marks)
        self.tail = seen[-max(map(len, self.marks)) :]


def plan(blocks: Iterator[bytes]) -> Plan | None:
    """Return how a mail goes in binary form; None when nothing is won, or it is of a form that is not known."""
    heads: dict[int, Head] = {}
    decoded: set[int] = set()
    trial: _Trial | None = None
    size_bytes = 0
    try:
        for piece in pieces(blocks):
            if isinstance(piece, bytes):
                size_bytes += len(piece)
                if trial is not None:
                    trial.feed(piece)
                continue
            if isinstance(piece, Edge):
                size_bytes += len(piece.raw)
                if trial is not None and trial.is_good and not trial.decoder.held:
                    decoded.add(trial.head.number)
                    # The body's first CRLF ends its headers, and stays when there is a body at all.
                    size_bytes += min(trial.raw_bytes, _LINE_END_BYTES) + trial.clear_bytes - trial.raw_bytes
                trial = None
                continue
            heads[piece.number] = piece
            trial = _trial(piece, heads)
    except StrangeError:
        return None
    around = {number for part in decoded for number in heads[part].within}
    size_bytes += sum(map(len, (raw for head in heads.values() for raw in _fields(head, decoded | around))))
    return Plan(size_bytes, frozenset(decoded), frozenset(around)) if decoded else None


def _trial(head: Head, heads: dict[int, Head]) -> _Trial | None:
    """Begin with a part in base64; a mail that is nothing but that is left alone."""
    if head.encoding != "base64" or not head.within:
        return None
    return _Trial(head, tuple(b"--" + (heads[number].boundary or b"") for number in head.within))


def binary_form(blocks: Iterator[bytes], made: Plan) -> Iterator[bytes]:
    """Yield a mail in binary form; ``made`` is the plan of the same bytes. Raises ValueError when it is not."""
    marked = made.decoded | made.around
    try:
        yield from _transformed(pieces(blocks), made.decoded, marked)
    except StrangeError as error:
        raise ValueError(str(error)) from error


def _transformed(found: Iterator[Piece], decoded: frozenset[int], marked: frozenset[int]) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    is_first = False
    for piece in found:
        if isinstance(piece, Head):
            decoder, is_first = (_Decoder() if piece.number in decoded else None), True
            yield b"".join(_fields(piece, marked))
        elif isinstance(piece, Edge):
            decoder = None
            yield piece.raw
        elif decoder is None:
            yield piece
        else:
            yield (piece[:_LINE_END_BYTES] if is_first else b"") + decoder.feed(piece)
            is_first = False


def _fields(head: Head, marked: set[int] | frozenset[int]) -> Iterator[bytes]:
    """Yield the header fields, labelled as binary where that is what they head (RFC 2045 section 6.4)."""
    if head.number not in marked:
        yield from head.fields
        return
    kept = [one for one in head.fields if not one.lower().startswith(_NAME)]
    at = next((at for at, one in enumerate(head.fields) if one.lower().startswith(_NAME)), len(kept))
    yield from (*kept[:at], _LABEL, *kept[at:])
