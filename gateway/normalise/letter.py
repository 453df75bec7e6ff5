"""What the mail about a scan says: from the envelope, the headers a device wrote, and the finished PDF."""

import contextlib
import email.message
import email.utils
import re
from collections.abc import Iterator, Mapping, Sequence
from email.errors import MessageError
from email.header import decode_header, make_header
from pathlib import PurePosixPath
from typing import Final

from conf.model import Address, Config, is_address
from conf.template import fill
from gateway.normalise.compose import Letter
from gateway.normalise.wording import clean, pdf_name
from gateway.spool.envelope import Envelope, OriginKind
from gateway.spool.loop import trace
from image.document import Document, Part, Thumbnail

_LOOKS_SO: Final = re.compile(r"[^\s<>()\[\],;:\"]{1,64}@[^\s<>()\[\],;:\"]{1,255}")
"""Of the lengths of RFC 5321 section 4.5.3.1: without a limit, a header of letters alone takes quadratic time."""

_SUBJECT_CHARS: Final = 4000
"""So much of a subject is decoded, in quadratic time at worst: 150 characters, each an encoded word of its own."""

_SAID_CHARS: Final = 20_000
_SAID_LINES: Final = 200
"""Of a device's own text, which is some lines in all manuals."""


def letter(
    config: Config,
    envelope: Envelope,
    headers: email.message.Message | None,
    names: Sequence[str],
    document: Document,
    number: int = 1,
    thumbnails: Sequence[Thumbnail] = (),
    said: Sequence[str] = (),
) -> Letter:
    """Return the letter. ``headers`` are the device's own, for a scan that came by mail; ``names`` its files' names.

    ``number`` says which mail of a scan that was split (from 1); ``envelope`` is then that mail's own. Of
    ``thumbnails``, the whole scan's, it shows those of its own pages. ``said`` is what the device's mail says as text.
    """
    part = document.parts[number - 1] if document.parts else Part(document.path, 1, len(document.pages), 0)
    end = f" ({number} of {len(document.parts)})" if document.parts else ""
    fields = _fields(envelope, headers, names, part.page_count)
    to, copies = _visible(envelope, headers)
    file_name = fill(config.mail.file_name, {**fields, "time": fields["time"].replace(":", "-")})
    return Letter(
        message_id=envelope.message_id,
        date=envelope.arrived_at,
        sender=config.sender.address,
        sender_name=config.sender.name,
        recipients=to,
        reply_to=_reply_to(config, headers),
        subject=f"{clean(fill(config.mail.subject, fields)) or fields['subject']}{end}",
        text=(*_text(_way(envelope), document, number, envelope.notes), *_said(said)),
        pdf_name=pdf_name(re.sub(r"(?i)\.pdf\s*\Z", "", file_name), end),
        copies=copies,
        trace=trace(config.gateway.name, envelope.id, envelope.arrived_at),
        thumbnails=tuple(one for one in thumbnails if 0 <= one.page - part.first_page < part.page_count),
    )


def _fields(
    envelope: Envelope, headers: email.message.Message | None, names: Sequence[str], pages: int
) -> Mapping[str, str]:
    """Return what the fields of a template stand for (``conf.template.FIELDS``)."""
    local = envelope.arrived_at.astimezone()
    return {
        "subject": title(envelope, headers, names),
        "name": _stem(envelope, names),
        "device": envelope.origin.name,
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "pages": str(pages),
        "job": envelope.id,
    }


def title(envelope: Envelope, headers: email.message.Message | None, names: Sequence[str]) -> str:
    """Return what the scan is called: the subject of its sidecar or mail, else by its origin and its file's name."""
    return (
        clean(envelope.subject)
        or _subject(headers)
        or f"Scan from {envelope.origin.name}: {clean(_stem(envelope, names), 80)}"
    )


def _stem(envelope: Envelope, names: Sequence[str]) -> str:
    named = envelope.called or (PurePosixPath(names[0]).stem if names else "")
    return named if clean(named) else f"scan-{envelope.arrived_at:%Y%m%d-%H%M%S}"


def _way(envelope: Envelope) -> str:
    """Return how the scan came: a share is where one scans to, a listener is nothing that a person knows."""
    name = envelope.origin.name
    return f"mailed by the printer ({name})" if envelope.origin.kind is OriginKind.SMTP else f"scanned to {name}"


def _text(way: str, document: Document, number: int, arrived_notes: Sequence[str]) -> tuple[str, ...]:
    count = len(document.pages)
    lines = [f"{count} page{'' if count == 1 else 's'}, {way}. The scan is attached as PDF."]
    if document.parts:
        part = document.parts[number - 1]
        last = part.first_page + part.page_count - 1
        pages = f"Page {last}" if part.page_count == 1 else f"Pages {part.first_page} to {last}"
        which = f"This is mail {number} of {len(document.parts)}"
        lines = [f"{pages} of {count}, {way}. {which}; its pages are attached as PDF."]
    notes = (*arrived_notes, *document.notes)
    return (*lines, *(["", *notes] if notes else []))


def _said(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what the device wrote, as it may stand at the end of the text: printable, and not without end."""
    shown = "\n".join(clean(line, _SAID_CHARS) for line in lines).strip("\n")
    if not shown:
        return ()
    kept = shown[:_SAID_CHARS].split("\n")[:_SAID_LINES]
    return ("", "The printer wrote:", *kept, *(["…"] if "\n".join(kept) != shown else []))


def said_bytes(lines: Sequence[str], notes: Sequence[str] = ()) -> int:
    """Return at least what ``said`` and notes add to a mail without thumbnails: in UTF-8, with line ends, in base64."""
    return sum(len(line.encode()) + len(line) // 30 + 4 for line in ("", *_said(lines), *notes)) * 3 // 2


def _subject(headers: email.message.Message | None) -> str:
    return "" if headers is None else clean(decoded(str(headers.get("Subject", ""))[:_SUBJECT_CHARS]))


def decoded(text: str) -> str:
    """Return a header's text with its encoded words undone (RFC 2047); what cannot be undone stays as it is."""
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, ValueError):
        return text


def _reply_to(config: Config, headers: email.message.Message | None) -> Address | None:
    """Return whom an answer should reach: the device's Reply-To or From, when a mail can reach it, and not us."""
    if headers is None:
        return None
    for key in ("Reply-To", "From"):
        address = next(_parsed([str(headers.get(key, ""))]), "")
        is_reached = is_address(address) and "." in address.rpartition("@")[2]
        if is_reached and address.lower() != config.sender.address.lower():
            return Address(address)
    return None


def _visible(
    envelope: Envelope, headers: email.message.Message | None
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Return the recipients that To and Cc may show: those the device named there. All others stay hidden.

    A device that names nobody at all, neither there nor in Bcc, hides nothing from its only recipient.
    """
    if envelope.origin.kind is not OriginKind.SMTP or headers is None:
        return envelope.recipients, ()
    to, cc, bcc = (_addresses(headers, key) for key in ("To", "Cc", "Bcc"))
    if len(envelope.recipients) == 1 and not (to or cc or bcc):
        return envelope.recipients, ()
    shown = tuple(recipient for recipient in envelope.recipients if recipient.lower() in to)
    copies = tuple(recipient for recipient in envelope.recipients if recipient.lower() in cc - to)
    return shown, copies


def _addresses(headers: email.message.Message, key: str) -> frozenset[str]:
    """Return the addresses in a header; by their look where it is written so wrongly that no parser reads it."""
    written = [str(value) for value in headers.get_all(key, [])]
    found = [address for address in _parsed(written) if is_address(address)]
    return frozenset(address.lower() for address in found or _LOOKS_SO.findall(" ".join(written)))


def _parsed(written: list[str]) -> Iterator[str]:
    """Yield the addresses in headers; none where comments are nested deeper than the parser can follow."""
    with contextlib.suppress(RecursionError):
        yield from (address for _, address in email.utils.getaddresses(written))
