"""Whether an arrived mail is one that must not be sent on: one of ours, or an answer to one."""

import email.parser
import email.policy
from pathlib import Path
from typing import Final

from gateway.normalise.parts import MailError
from gateway.spool import files
from gateway.spool.envelope import Envelope, OriginKind
from gateway.spool.loop import came_back

_HEAD_BYTES: Final = 1 << 18


def require_new(directory: Path, envelope: Envelope) -> None:
    """Raise MailError for a mail that came back. Of the mail only the headers at its top are read, 256 KiB at most."""
    if envelope.origin.kind is not OriginKind.SMTP:
        return
    for original in envelope.originals:
        head = b""
        with (directory / files.ORIGINAL / original.stored).open("rb") as file:
            while len(head) < _HEAD_BYTES and (line := file.readline(_HEAD_BYTES)).strip(b"\r\n"):
                head += line
        returned = came_back(email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head))
        if returned:
            raise MailError(returned)
