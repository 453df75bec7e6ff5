"""What was asked of us with one scan, written once at its commit, and its spelling on disk."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NoReturn

from conf.model import Address, is_address
from gateway.spool.job import JobId, is_job_id

FORMAT: Final = 1
"""The first key of ``envelope.json``; a reader that finds a larger number refuses the job instead of guessing."""


_ALWAYS: Final = frozenset({"stored", "name", "size_bytes", "sha256"})


class CorruptEnvelopeError(ValueError):
    """These bytes are no envelope of ours; the sentence says what is wrong with them."""


class OriginKind(StrEnum):
    """Through which door a job came."""

    SHARE = "share"
    SMTP = "smtp"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job came from: the door, its configured name, and the client's address where there is one.

    For a notice, ``name`` is the id of the job it tells about.
    """

    kind: OriginKind
    name: str
    client: str = ""

    def __str__(self) -> str:
        """``smtp/scanners`` as it stands in lists and logs."""
        return f"{self.kind.value}/{self.name}"


@dataclass(frozen=True, slots=True)
class Original:
    """One file as it arrived, byte for byte. ``stored`` is its name in the job directory, ``name`` the device's.

    ``folder`` is the sub-folder of the share that it came from, empty for the top level and for mails. ``is_sidecar``:
    it is no page, but said who gets the scan; kept for a person.
    """

    stored: str
    name: str
    size_bytes: int
    sha256: str
    folder: str = ""
    is_sidecar: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was asked: fixed at commit, never changed.

    ``sender`` is the SMTP MAIL FROM, whom we tell of a failure; None for the null return path or none at all.
    ``rejected`` is the sentence of an arrival known to be no scan or to be nobody's, else empty; only then may
    ``recipients`` be empty. ``subject`` is what its sidecar says, else empty. ``message_id`` (without brackets) and
    ``arrived_at`` become Message-ID and Date of the mail, the same at every attempt. ``notes``: sentences for whoever
    gets the scan. ``called``: what people call it, when that is not the name of its first file.
    """

    id: JobId
    arrived_at: datetime
    origin: Origin
    sender: Address | None
    recipients: tuple[Address, ...]
    originals: tuple[Original, ...]
    message_id: str
    rejected: str = ""
    subject: str = ""
    notes: tuple[str, ...] = ()
    called: str = ""

    @property
    def size_bytes(self) -> int:
        """The bytes that arrived."""
        return sum(original.size_bytes for original in self.originals)

    @property
    def title(self) -> str:
        """What a person calls the scan, printable, at most 80 characters: its file names, or the notice's job."""
        if self.origin.kind is OriginKind.NOTICE:
            return f"notice about {self.origin.name}"
        if self.origin.kind is OriginKind.SMTP:
            return ""
        pages = [original.name for original in self.originals if not original.is_sidecar]
        shown = self.called or ", ".join(pages)
        return "".join(char if char.isprintable() else "?" for char in shown)[:80]


def encode(envelope: Envelope) -> bytes:
    """Return the bytes of ``envelope.json``: a line for each field, the format number first, a final line end.

    The line end is the mark that the file is whole: a truncated one does not decode.
    """
    fields: dict[str, Any] = {"format": FORMAT, **_fields(envelope)}
    for optional in ("subject", "notes", "called"):
        if not fields[optional]:
            del fields[optional]  # an envelope that says nothing more is written as it always was
    fields["arrived_at"] = envelope.arrived_at.isoformat()
    fields["origin"] = _fields(envelope.origin)
    fields["originals"] = [_spelled(original) for original in envelope.originals]
    lines = (
        f' "{name}": {json.dumps(value)}' for name, value in fields.items()
    )  # indent= would cost six times as much
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("ascii")


def _fields(record: Envelope | Origin | Original) -> dict[str, Any]:
    """Return the fields of a record by name, in order; asdict would copy them deeply, which is most of its time."""
    return {name: getattr(record, name) for name in record.__slots__}


def _spelled(original: Original) -> dict[str, Any]:
    """Return an original's fields; one that says nothing is left out, as before there was such a field."""
    return {key: value for key, value in _fields(original).items() if value or key in _ALWAYS}


def decode(data: bytes) -> Envelope:
    """Return the envelope these bytes spell. Raises CorruptEnvelopeError for anything ``encode`` did not write."""
    if not data.endswith(b"\n"):
        raise CorruptEnvelopeError("envelope.json is cut short")
    try:
        fields: dict[str, Any] = json.loads(data.decode())
        if fields.pop("format") != FORMAT:
            _refuse("envelope.json was written by a newer scangate")
        arrived_at = datetime.fromisoformat(fields.pop("arrived_at"))
        origin = fields.pop("origin")
        originals = fields.pop("originals")
        recipients = tuple(fields.pop("recipients"))
        notes = tuple(fields.pop("notes", ()))
        envelope = Envelope(
            arrived_at=arrived_at,
            origin=Origin(OriginKind(origin["kind"]), str(origin["name"]), str(origin["client"])),
            originals=tuple(Original(**original) for original in originals),
            recipients=recipients,
            notes=notes,
            **fields,
        )
    except CorruptEnvelopeError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptEnvelopeError(f"envelope.json cannot be read ({type(error).__name__})") from error
    _verify(envelope)
    return envelope


def _refuse(sentence: str) -> NoReturn:
    raise CorruptEnvelopeError(sentence)


def _verify(envelope: Envelope) -> None:
    """Refuse an envelope whose values could lead astray: names that leave the directory, recipients that are none."""
    origin = envelope.origin
    texts: list[object] = [envelope.id, envelope.message_id, envelope.rejected, envelope.subject, envelope.called]
    texts += [*envelope.notes, origin.name, origin.client]
    if not all(_is_text(text) for text in texts) or not is_job_id(envelope.id):
        raise CorruptEnvelopeError("envelope.json has an id or a text that is none")
    addresses: list[object] = [*envelope.recipients, *([] if envelope.sender is None else [envelope.sender])]
    if not (envelope.recipients or envelope.rejected) or not all(
        isinstance(text, str) and is_address(text) for text in addresses
    ):
        raise CorruptEnvelopeError("envelope.json names a recipient or sender that is no address")
    if envelope.arrived_at.tzinfo is None:
        raise CorruptEnvelopeError("envelope.json has a time without zone")
    if not all(_is_own_file(original) for original in envelope.originals):
        raise CorruptEnvelopeError("envelope.json names a file that cannot be one of its own")


def _is_text(value: object) -> bool:
    """Tell whether a value is a text that journal and log can hold."""
    return isinstance(value, str) and _encodes(value, "strict")


def _is_own_file(original: Original) -> bool:
    """Tell whether all names stay within a directory, here and when a file is given back to its share."""
    names: list[object] = [original.stored, original.name]
    if original.folder != "":
        names.append(original.folder)
    size_bytes: object = original.size_bytes
    return (
        all(isinstance(name, str) and _is_file_name(name) for name in names)
        and isinstance(size_bytes, int)
        and not isinstance(size_bytes, bool)
        and size_bytes >= 0
        and _is_text(original.sha256)
        and isinstance(original.is_sidecar, bool)
    )


def _is_file_name(name: str) -> bool:
    return name not in {"", ".", ".."} and not {"/", "\0"} & set(name) and _encodes(name, "surrogateescape")


def _encodes(text: str, errors: str) -> bool:
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True
