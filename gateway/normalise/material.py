"""What a job is made of: its scan files in page order, whether they came as files or inside a mail."""

import email.message
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conf.model import Config, Smtp
from gateway.normalise import automatic, parts, words, zipped
from gateway.normalise.attachment import Attachment, is_blocked, safe_type, sent_bytes
from gateway.normalise.letter import decoded
from gateway.normalise.parts import Part
from gateway.normalise.pieces import Pieces
from gateway.spool import files
from gateway.spool.envelope import Envelope, OriginKind
from gateway.spool.job import is_whole
from gateway.spool.untold import UNTOLD
from hotfolder import names
from image import sniff
from image.errors import ScanError, ScanFault
from image.order import page_order
from image.sniff import Kind

WORK: Final = "work"
"""Where the parts of a mail stand while it is normalised, in the job's directory."""

NO_SCAN: Final = "The mail holds no scan: no PDF, TIFF, JPEG, PNG, BMP, GIF or JPEG 2000 is attached."

_WINMAIL: Final = (
    "The mail holds a winmail.dat, a format of Outlook's own that nothing else opens, and no scan. "
    "Whoever sent it has to send it as plain text or HTML."
)
_HEAD_BYTES: Final = 8192
_NAMED: Final = 10
"""So many parts that were left out are named; more are counted."""

_SCAN_KINDS: Final = frozenset({Kind.PDF, Kind.TIFF, Kind.JPEG, Kind.PNG, Kind.BMP, Kind.GIF, Kind.JP2})
_SCAN_SUFFIXES: Final = frozenset({".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".jp2"})
_TNEF: Final = b"\x78\x9f\x3e\x22"  # MS-OXTNEF section 2.1.3.1
_APPLE_FILE: Final = "application/applefile"  # a file's icon and the like, under the file's own name (RFC 1740)


class OpaqueMailError(Exception):
    """The mail may hold a scan in a form that is not read here; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a job is made of: the scan files in page order, their names, and the headers of the mail they came in.

    ``text``: what the mail said, as lines. ``notes``: sentences about what was left out. ``attachments``: what goes
    along as it came. Without ``sources`` it is a device's report, to be passed as text.
    """

    sources: tuple[Path, ...]
    names: tuple[str, ...]
    headers: email.message.Message | None
    text: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def material_of(directory: Path, envelope: Envelope, config: Config) -> Material:
    """Return the scan files of a job: its originals, or those inside its mail.

    Raises ScanError when there are none, MailError and OpaqueMailError for a mail that is not read; OSError.
    """
    originals = directory / files.ORIGINAL
    if envelope.origin.kind is not OriginKind.SMTP:
        # In the order in which they are named: a counter that went on with 0001 after 9999 is in page order there.
        pages = [original for original in envelope.originals if not original.is_sidecar]
        shown = [names.display_name(original.name) for original in pages]
        return Material(tuple(originals / original.stored for original in pages), tuple(shown), None)
    work = directory / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    stored = [originals / original.stored for original in envelope.originals]
    if is_whole(envelope.id):
        with Pieces(stored) as whole:
            mail = parts.split_stream(whole, work)
    else:
        mail = parts.split(stored[0], work)
    rule = next((rule for rule in config.smtp if rule.name == envelope.origin.name), None)
    return _of_mail(mail, work, envelope, rule, config.pdf.mail_limit)


def _of_mail(mail: parts.Mail, work: Path, envelope: Envelope, rule: Smtp | None, limit_bytes: int) -> Material:
    sorted_out = _Sorted(work)
    for part in mail.parts:
        sorted_out.put(part)
    scans, others = sorted_out.scans, sorted_out.others
    if not scans:
        _require_report(mail, sorted_out, envelope, rule)
    shown = [_name(part) if part.name else "" for part in scans]
    order = page_order(shown)
    passed: tuple[Attachment, ...] = ()
    notes = _some([f"{_called(part)} is empty, and left out." for part in sorted_out.empty])
    if rule is not None and rule.other_parts == "pass":
        passed, held = _passed(others, limit_bytes // 2)
        notes += held
    else:
        notes += _some([f"{_called(part)} came with the scan and is left out: it is no scan." for part in others])
    return Material(
        sources=tuple(scans[place].path for place in order),
        names=tuple(shown[place] for place in order),
        headers=mail.headers,
        text=words.lines_of(sorted_out.texts),
        notes=tuple(notes),
        attachments=passed,
    )


def _require_report(mail: parts.Mail, sorted_out: "_Sorted", envelope: Envelope, rule: Smtp | None) -> None:
    """Raise what says why a mail without a scan is not passed on; return when it is a report that shall be."""
    if sorted_out.empty:
        raise ScanError(ScanFault.EMPTY, f"{_called(sorted_out.empty[0])} is empty. Please scan it again.")
    if sorted_out.has_winmail:
        raise OpaqueMailError(_WINMAIL)
    if automatic.is_reply(mail.headers, envelope.sender):
        raise ScanError(ScanFault.NOT_A_SCAN, UNTOLD)
    if rule is None or not rule.reports:
        raise ScanError(ScanFault.NOT_A_SCAN, NO_SCAN)


@dataclass(slots=True)
class _Sorted:
    """The parts of a mail by what they are to us, each in MIME order."""

    work: Path
    scans: list[Part] = field(default_factory=list)
    texts: list[Part] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    empty: list[Part] = field(default_factory=list)
    has_winmail: bool = False
    _unpacked: int = 0
    _room: zipped.Room = field(default_factory=zipped.Room)

    def put(self, part: Part) -> None:
        """Put a part where it belongs; a zip of pages is unpacked in its place. Raises ScanError; OSError."""
        kind, head = _kind(part)
        is_winmail = head.startswith(_TNEF) or part.content_type == "application/ms-tnef"
        self.has_winmail = self.has_winmail or is_winmail
        if kind in _SCAN_KINDS:
            self.scans.append(part)
        elif kind is Kind.ZIP and (unpacked := self._unpack(part)) is not None:
            for one in unpacked:
                self.put(Part("application/octet-stream", one.name, one.path, one.size_bytes, is_attached=True))
        elif part.content_type != _APPLE_FILE and _is_named_scan(part):
            (self.scans if part.size_bytes else self.empty).append(part)
        elif words.is_text(part):
            self.texts.append(part)
        elif part.size_bytes:
            self.others.append(part)

    def _unpack(self, part: Part) -> tuple[zipped.Unpacked, ...] | None:
        return zipped.unpack(part.path, _name(part), self._new_path, self._room)

    def _new_path(self) -> Path:
        self._unpacked += 1
        return self.work / f"unpacked-{self._unpacked:04d}"


def _kind(part: Part) -> tuple[Kind, bytes]:
    """Return what the bytes of a part say that it is, and the first of them."""
    with part.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(part.size_bytes - _HEAD_BYTES, 0))
        return sniff.sniff(head, file.read(_HEAD_BYTES)), head


def _is_named_scan(part: Part) -> bool:
    """Tell whether a part is called a scan, whatever its bytes say: a damaged one."""
    is_named_so = Path(part.name.lower()).suffix in _SCAN_SUFFIXES
    return is_named_so or part.content_type.startswith("image/") or part.content_type == "application/pdf"


def _name(part: Part) -> str:
    return names.display_name(decoded(part.name)) if part.name else ""


def _called(part: Part) -> str:
    return f'"{_name(part)}"' if part.name else f"A part of type {names.display_name(part.content_type)}"


def _some(notes: list[str]) -> list[str]:
    """Return the first sentences about parts that are left out, and how many more there are."""
    more = [f"{len(notes) - _NAMED} more parts are left out."] if len(notes) > _NAMED else []
    return [*notes[:_NAMED], *more]


def _passed(others: Sequence[Part], room_bytes: int) -> tuple[tuple[Attachment, ...], list[str]]:
    """Return what goes along, and a sentence for each part that does not: half of a mail is left for the scan."""
    passed: list[Attachment] = []
    notes: list[str] = []
    for part in others:
        name = _name(part) or "attachment"
        attachment = Attachment(name, safe_type(part.content_type), part.path, part.size_bytes)
        if is_blocked(name, _kind(part)[1]):
            notes.append(f"{_called(part)} is left out: mail servers stop files of its kind.")
        elif sent_bytes(attachment) > room_bytes:
            notes.append(f"{_called(part)} is left out: it is too large to go along.")
        else:
            room_bytes -= sent_bytes(attachment)
            passed.append(attachment)
    return tuple(passed), _some(notes)
