"""What the mail about a scan says: from the envelope, the headers a device wrote, and the finished PDF."""

import email.message
import email.utils
from collections.abc import Sequence
from email.errors import MessageError
from email.header import decode_header, make_header
from pathlib import PurePosixPath

from conf.model import Address, Config, is_address
from gateway.normalise.compose import Letter, clean, pdf_name
from gateway.spool.envelope import Envelope, OriginKind
from image.document import Document


def letter(
    config: Config,
    envelope: Envelope,
    headers: email.message.Message | None,
    names: Sequence[str],
    document: Document,
    number: int = 1,
) -> Letter:
    """Return the letter. ``headers`` are the device's own, for a scan that came by mail; ``names`` its files' names.

    ``number`` says which mail of a scan that was split (from 1); ``envelope`` is then that mail's own.
    """
    where = envelope.origin.name
    stem = _stem(envelope, names)
    count = len(document.parts)
    subject = title(envelope, headers, names)
    return Letter(
        message_id=envelope.message_id,
        date=envelope.arrived_at,
        sender=config.sender.address,
        sender_name=config.sender.name,
        recipients=_visible(envelope, headers),
        reply_to=_reply_to(config, headers),
        subject=f"{subject} ({number} of {count})" if count else subject,
        text=_text(where, document, number, envelope.notes),
        pdf_name=pdf_name(f"{clean(stem, 60)} ({number} of {count})" if count else stem),
    )


def title(envelope: Envelope, headers: email.message.Message | None, names: Sequence[str]) -> str:
    """Return what the scan is called: the subject of its sidecar or mail, else by its origin and its file's name."""
    return (
        clean(envelope.subject)
        or _subject(headers)
        or f"Scan from {envelope.origin.name}: {clean(_stem(envelope, names), 80)}"
    )


def _stem(envelope: Envelope, names: Sequence[str]) -> str:
    if envelope.called:
        return envelope.called
    return PurePosixPath(names[0]).stem if names and names[0] else f"scan-{envelope.arrived_at:%Y%m%d-%H%M%S}"


def _text(where: str, document: Document, number: int, arrived_notes: Sequence[str]) -> tuple[str, ...]:
    count = len(document.pages)
    lines = [f"{count} page{'' if count == 1 else 's'}, scanned to {where}. The scan is attached as PDF."]
    if document.parts:
        part = document.parts[number - 1]
        last = part.first_page + part.page_count - 1
        pages = f"Page {last}" if part.page_count == 1 else f"Pages {part.first_page} to {last}"
        which = f"This is mail {number} of {len(document.parts)}"
        lines = [f"{pages} of {count}, scanned to {where}. {which}; its pages are attached as PDF."]
    notes = (*arrived_notes, *document.notes)
    return (*lines, *(["", *notes] if notes else []))


def _subject(headers: email.message.Message | None) -> str:
    return "" if headers is None else clean(decoded(str(headers.get("Subject", ""))))


def decoded(text: str) -> str:
    """Return a header's text with its encoded words undone (RFC 2047); what cannot be undone stays as it is."""
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, ValueError):
        return text


def _reply_to(config: Config, headers: email.message.Message | None) -> Address | None:
    """Return whom an answer should reach: the device's Reply-To or From, when it is an address and not our own."""
    if headers is None:
        return None
    for key in ("Reply-To", "From"):
        _, address = email.utils.parseaddr(str(headers.get(key, "")))
        if is_address(address) and address.lower() != config.sender.address.lower():
            return Address(address)
    return None


def _visible(envelope: Envelope, headers: email.message.Message | None) -> tuple[Address, ...]:
    """Return the recipients that To may show: a recipient the device named in Bcc only stays hidden."""
    if envelope.origin.kind is not OriginKind.SMTP or len(envelope.recipients) == 1 or headers is None:
        return envelope.recipients
    written = [str(value) for key in ("To", "Cc") for value in headers.get_all(key, [])]
    shown = {address.lower() for _, address in email.utils.getaddresses(written)}
    return tuple(recipient for recipient in envelope.recipients if recipient.lower() in shown)
