"""What a job is made of: its scan files in page order, whether they came as files or inside a mail."""

import email.message
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.normalise import parts
from gateway.normalise.letter import decoded
from gateway.spool import files
from gateway.spool.envelope import Envelope, OriginKind
from hotfolder import names
from image import sniff
from image.errors import ScanError, ScanFault
from image.order import page_order
from image.sniff import Kind

WORK: Final = "work"
"""Where the parts of a mail stand while it is normalised, in the job's directory."""

_HEAD_BYTES: Final = 8192
_SCAN_KINDS: Final = frozenset({Kind.PDF, Kind.TIFF, Kind.JPEG, Kind.PNG, Kind.BMP, Kind.GIF, Kind.JP2})
_SCAN_SUFFIXES: Final = frozenset({".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".jp2"})


@dataclass(frozen=True, slots=True)
class Material:
    """What a job is made of: the scan files in page order, their names, and the headers of the mail they came in."""

    sources: tuple[Path, ...]
    names: tuple[str, ...]
    headers: email.message.Message | None


def material_of(directory: Path, envelope: Envelope) -> Material:
    """Return the scan files of a job: its originals, or those inside its mail. Raises ScanError when there are none."""
    originals = directory / files.ORIGINAL
    if envelope.origin.kind is not OriginKind.SMTP:
        # In the order in which they are named: a counter that went on with 0001 after 9999 is in page order there.
        pages = [original for original in envelope.originals if not original.is_sidecar]
        shown = [names.display_name(original.name) for original in pages]
        return Material(tuple(originals / original.stored for original in pages), tuple(shown), None)
    work = directory / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    mail = parts.split(originals / envelope.originals[0].stored, work)
    scans = [part for part in mail.parts if part.size_bytes and _is_scan(part)]
    if not scans:
        raise ScanError(
            ScanFault.NOT_A_SCAN, "The mail holds no scan: no PDF, TIFF, JPEG, PNG, BMP, GIF or JPEG 2000 is attached."
        )
    shown = [names.display_name(decoded(part.name)) if part.name else "" for part in scans]
    return _in_order([part.path for part in scans], shown, mail.headers)


def _in_order(sources: Sequence[Path], shown: Sequence[str], headers: email.message.Message | None) -> Material:
    order = page_order(shown)
    return Material(tuple(sources[place] for place in order), tuple(shown[place] for place in order), headers)


def _is_scan(part: parts.Part) -> bool:
    """Tell whether a part is meant as a scan: by its bytes, or by what it is called (a damaged one)."""
    with part.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(part.size_bytes - _HEAD_BYTES, 0))
        tail = file.read(_HEAD_BYTES)
    if sniff.sniff(head, tail) in _SCAN_KINDS:
        return True
    is_named_so = Path(part.name.lower()).suffix in _SCAN_SUFFIXES
    return is_named_so or part.content_type.startswith("image/") or part.content_type == "application/pdf"
