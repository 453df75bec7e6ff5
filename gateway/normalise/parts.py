"""The parts of an arrived e-mail, streamed to files in constant memory and in one pass.

Every leaf part is written out with its transfer encoding undone; what each is, the image package finds from its bytes.
A part without disposition, of type octet-stream, without a closing boundary, a mail that is nothing but one TIFF or
promises parts and is one file, files uuencoded within a text: all are read. Sources: RFC 2045 sections 5 and 6, RFC
2046 section 5.1, RFC 2183.
"""

import email.message
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.normalise import charsets, uuencoded
from gateway.normalise import headers as fields
from gateway.normalise.cursor import Cursor, EndlessHeadersError, Readable
from gateway.normalise.encodings import decoder
from gateway.normalise.headers import Header, Parameter

_DEPTH_LIMIT: Final = 12
_PARTS_LIMIT: Final = 500
_ENTITIES_LIMIT: Final = 2 * _PARTS_LIMIT
"""Multiparts, of which nothing is kept, count here: a mail of 150 MB can have two million of them."""

_BOUNDARY_LIMIT_BYTES: Final = 4096
_NAME_CHARACTERS: Final = 1000
_LIKELY_BOUNDARY: Final = re.compile(
    rb"(?i)(?:\A|[\r\n])--([^\r\n]{1,200}?)[ \t]*(?:\r\n|\r|\n)(?=content-[a-z-]+[ \t]*:)"
)


class MailError(Exception):
    """The mail cannot be read as a mail; the sentence is for the person who scanned."""


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf part: its declared type, its file name (may be empty), and where its decoded bytes are.

    ``charset`` is what a text claims, else empty. ``is_attached``: its disposition says so. ``alternative`` is the same
    number for parts that say the same in several ways (multipart/alternative), 0 for all others.
    """

    content_type: str
    name: str
    path: Path
    size_bytes: int
    charset: str = ""
    is_attached: bool = False
    alternative: int = 0


@dataclass(frozen=True, slots=True)
class Mail:
    """What an arrived mail holds: the headers of its top, and its leaf parts in order."""

    headers: email.message.Message
    parts: tuple[Part, ...]


def split(source: Path, into: Path) -> Mail:
    """Write every leaf part of a mail to a file of its own in ``into``; return what was found, in MIME order.

    Raises MailError when it is nested too deep, has too many parts or a header without end; OSError from the disk.
    """
    with source.open("rb", buffering=0) as file:
        return split_stream(file, into)


def split_stream(source: Readable, into: Path) -> Mail:
    """Do what ``split`` does with a mail that is no single file."""
    reader = _Reader(source, into)
    try:
        top = reader.read_entity(())
    except EndlessHeadersError:
        raise MailError("The mail has headers without end.") from None
    return Mail(fields.message_of(top), tuple(reader.parts))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entity stands: the boundaries around it, how deep, its type if it names none, its alternative."""

    boundaries: tuple[bytes, ...] = ()
    depth: int = 0
    default_type: str = "text/plain"
    alternative: int = 0


class _Reader:
    """One pass over a mail."""

    def __init__(self, source: Readable, into: Path) -> None:
        self._cursor = Cursor(source)
        self._into = into
        self._alternatives = 0
        self._entities = 0
        self._charset = ""  # what the last part with a charset claimed: names without one are likely in it too
        self.parts: list[Part] = []

    def read_entity(self, boundaries: tuple[bytes, ...]) -> tuple[Header, ...]:
        """Read the mail; return the headers of its top."""
        return self._entity(_Place(boundaries))

    def _entity(self, place: _Place) -> tuple[Header, ...]:
        """Read one entity to the boundary that ends it (left in the cursor) or the end of the mail."""
        if place.depth > _DEPTH_LIMIT:
            raise MailError("The mail is nested too deep to be a scan.")
        self._entities += 1
        if self._entities > _ENTITIES_LIMIT:
            raise MailError(f"The mail has more than {_PARTS_LIMIT} parts.")
        found = self._cursor.headers(place.boundaries)
        content_type, parameters = fields.structured(fields.first(found, "content-type"))
        content_type = content_type or place.default_type
        own = self._boundary(content_type, parameters, place.boundaries)
        if own:
            self._multipart(found, content_type, own, place)
        elif content_type == "message/rfc822" and not _is_encoded(found):
            self._entity(_Place(place.boundaries, place.depth + 1))
        else:
            self._leaf(found, place)
        return found

    def _boundary(self, content_type: str, parameters: dict[str, Parameter], outer: tuple[bytes, ...]) -> bytes:
        """Return the boundary of a multipart, the one it uses where it names none or another; else empty."""
        if not content_type.startswith("multipart/"):
            return b""
        own = parameters.get("boundary", Parameter(b"")).raw.rstrip()
        ahead = self._cursor.peek()
        if not own or b"--" + own not in ahead:
            likely = _LIKELY_BOUNDARY.search(ahead)
            if likely is not None and likely[1] not in outer:
                return likely[1]
        return own if len(own) <= _BOUNDARY_LIMIT_BYTES else b""

    def _multipart(self, found: tuple[Header, ...], content_type: str, own: bytes, place: _Place) -> None:
        inner = (*place.boundaries, own)
        alternative = place.alternative
        if content_type == "multipart/alternative" and not alternative:
            self._alternatives += 1
            alternative = self._alternatives
        default_type = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        within = _Place(inner, place.depth + 1, default_type, alternative)
        preamble = self._leaf(found, _Place(inner, alternative=alternative))
        if self._cursor.ended_by is None or self._cursor.ended_by[0] != own:
            return  # no boundary at all: what looked like the preamble is the file itself
        for part in self.parts[preamble:]:
            part.path.unlink()
        del self.parts[preamble:]
        while self._cursor.ended_by == (own, False):
            self._entity(within)
        if self._cursor.ended_by == (own, True):
            self._cursor.skip(place.boundaries)

    def _leaf(self, found: tuple[Header, ...], place: _Place) -> int:
        """Write one leaf, and what is uuencoded in it, to files; return the number of its first part."""
        number = len(self.parts)
        path = self._new_path()
        decode = decoder(fields.first(found, "content-transfer-encoding").decode("latin-1"))
        size_bytes = 0
        with path.open("xb") as out:
            for block in self._cursor.content(place.boundaries):
                size_bytes += out.write(decode.feed(block))
            size_bytes += out.write(decode.end())
        part = self._part(found, place, path, size_bytes)
        self.parts.append(part)
        if part.content_type.startswith("text/"):
            self._take_out(part)
        elif part.content_type == "message/rfc822":
            self._unfold(part, place)
        return number

    def _part(self, found: tuple[Header, ...], place: _Place, path: Path, size_bytes: int) -> Part:
        content_type, parameters = fields.structured(fields.first(found, "content-type"))
        disposition = fields.first(found, "content-disposition")
        charset = parameters.get("charset", Parameter(b"")).text().strip()
        self._charset = charset or self._charset
        name = fields.structured(disposition)[1].get("filename") or parameters.get("name")
        return Part(
            content_type=content_type or place.default_type,
            name="" if name is None else name.text(self._charset)[:_NAME_CHARACTERS],
            path=path,
            size_bytes=size_bytes,
            charset=charset,
            is_attached=fields.disposition(disposition) == "attachment",
            alternative=place.alternative,
        )

    def _take_out(self, text: Part) -> None:
        """Make parts of the files that are uuencoded within a text, behind it."""

        def new_path() -> Path:
            path = self._new_path()
            self.parts.append(Part("application/octet-stream", "", path, 0, is_attached=True))
            return path

        number = len(self.parts) - 1
        for place, one in enumerate(uuencoded.take_out(text.path, new_path), number + 1):
            name = charsets.guess(one.name, self._charset)
            self.parts[place] = replace(self.parts[place], name=name, size_bytes=one.size_bytes)
        self.parts[number] = replace(text, size_bytes=text.path.stat().st_size)

    def _unfold(self, whole: Part, place: _Place) -> None:
        """Put the parts of a mail that came encoded (RFC 2046 section 5.2.1 forbids it) into its place."""
        outer = self._cursor
        mail = whole.path.with_suffix(f".mail-{place.depth}")  # the first part of such a mail may be one again
        whole.path.rename(mail)
        self.parts.pop()
        with mail.open("rb", buffering=0) as file:
            self._cursor = Cursor(file)
            self._entity(_Place(depth=place.depth + 1))
        self._cursor = outer
        mail.unlink()

    def _new_path(self) -> Path:
        if len(self.parts) >= _PARTS_LIMIT:
            raise MailError(f"The mail has more than {_PARTS_LIMIT} parts.")
        return self._into / f"part-{len(self.parts) + 1:04d}"


def _is_encoded(found: tuple[Header, ...]) -> bool:
    encoding = fields.first(found, "content-transfer-encoding").strip().lower()
    return encoding not in {b"", b"7bit", b"8bit", b"binary"}
