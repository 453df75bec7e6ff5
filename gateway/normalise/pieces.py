"""A mail in pieces (message/partial, RFC 2046 section 5.2.2): what a piece says, and the whole read as one mail."""

import hashlib
import re
import types
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from gateway.normalise import headers as fields
from gateway.normalise.cursor import Cursor, EndlessHeadersError
from gateway.normalise.headers import Header
from gateway.normalise.parts import MailError

MOST: Final = 1000
"""Pieces of one mail; a device that announces more has lost count."""

_INNER: Final = frozenset({"subject", "message-id", "encrypted", "mime-version"})
_COUNTER: Final = re.compile(rb"\s*\[\d+/\d+\]\s*")


@dataclass(frozen=True, slots=True)
class Label:
    """What a piece says of itself: of which mail it is, its number from 1, and how many there are (0: not said)."""

    mail_id: str
    number: int
    total: int


def label_of(path: Path) -> Label | None:
    """Return what a mail says of itself as a piece; None for one that is whole.

    Raises MailError for a piece that cannot be put together with others; OSError.
    """
    with path.open("rb", buffering=0) as file:
        try:
            found = Cursor(file).headers(())
        except EndlessHeadersError:
            return None  # told when it is taken apart
    kind, parameters = fields.structured(fields.first(found, "content-type"))
    if kind != "message/partial":
        return None
    said = {name: parameters[name].text().strip() for name in ("id", "number", "total") if name in parameters}
    number, total = _count(said.get("number", "")), _count(said.get("total", "0"))
    if not said.get("id") or number is None or total is None or not 1 <= number <= (total or MOST):
        raise MailError(
            "The printer sent this mail as a piece of another, and it does not say properly of which. "
            "Please switch off the splitting of mails at the printer, and scan it again."
        )
    return Label(said["id"], number, total)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MOST else None  # noqa: PLR2004


def body_sha256(path: Path) -> str:
    """Return the SHA-256 of what a piece carries: the same when a device sends it again with other headers. OSError."""
    sha256 = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        cursor = Cursor(file)
        cursor.headers(())
        for block in cursor.content(()):
            sha256.update(block)
    return sha256.hexdigest()


class Pieces:
    """The whole, read from its pieces in order; to be used as a context manager.

    RFC 2046 section 5.2.2.1: Content-*, Subject, Message-ID, Encrypted and MIME-Version are those of the mail inside,
    all others those of the first piece; the headers of further pieces count for nothing. Where the mail inside has no
    subject, that of the first piece is taken without its ``[1/5]``.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._open = ExitStack()
        self._blocks = self._read(paths)
        self._held = b""

    def __enter__(self) -> Self:
        """Return it, to be read."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close what is open."""
        self._open.close()

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; nothing at the end. Raises OSError and EndlessHeadersError."""
        while not self._held:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._held = block
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _read(self, paths: Sequence[Path]) -> Iterator[bytes]:
        for number, path in enumerate(paths):
            with ExitStack() as one:
                cursor = Cursor(one.enter_context(path.open("rb", buffering=0)))
                self._open.push(one)
                outer = cursor.headers(())
                if number == 0:
                    yield _written(_merged(outer, cursor.headers(())))
                yield from cursor.content(())


def _merged(outer: Sequence[Header], inner: Sequence[Header]) -> list[Header]:
    kept = [header for header in outer if not _is_inner(header.name)]
    taken = [header for header in inner if _is_inner(header.name)]
    if not fields.first(taken, "subject"):
        kept.append(Header("Subject", _COUNTER.sub(b" ", fields.first(outer, "subject")).strip()))
    return kept + taken


def _is_inner(name: str) -> bool:
    return name.lower() in _INNER or name.lower().startswith("content-")


def _written(found: Sequence[Header]) -> bytes:
    return b"".join(b"%s: %s\r\n" % (header.name.encode("ascii"), header.value) for header in found) + b"\r\n"
