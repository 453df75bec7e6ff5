"""A scan too large for one mail: its mails are written beside each other, then each further one becomes a job.

The first mail is the scan's own ``message.eml``; its existence says that all are there. The second stands as
``message-2.eml`` until a job of its own, ``JOB-p2``, holds it: born with its message, and with the files as they
arrived, so that a person gets them back if that mail fails. Files are shared by hard links: nothing is written twice.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gateway.spool import files
from gateway.spool.envelope import Envelope
from gateway.spool.files import MESSAGE, Spool
from gateway.spool.job import part_id


def put_messages(directory: Path, messages: Sequence[Iterable[bytes]]) -> None:
    """Put the mails of a scan into its job directory, durably, the first one last. Raises OSError."""
    clear(directory)
    for number, chunks in reversed(list(enumerate(messages, 1))):
        if number == 1:
            files.put_message(directory, chunks)
        else:
            files.put_message(directory, chunks, f"message-{number}.eml")


def clear(directory: Path) -> None:
    """Remove further mails that an earlier, interrupted attempt left, and drafts of any."""
    for path in (*(mail for _, mail in further(directory)), *directory.glob(".message*.eml.new")):
        path.unlink(missing_ok=True)


def further(directory: Path) -> Iterator[tuple[int, Path]]:
    """The further mails of a job directory: number (from 2) and file, in order."""
    found = []
    for path in directory.glob("message-*.eml"):
        digits = path.stem.removeprefix("message-")
        if digits.isdigit():
            found.append((int(digits), path))
    yield from sorted(found)


def part_envelope(envelope: Envelope, number: int) -> Envelope:
    """The envelope of a further mail: who, whence and what as the scan's; an id and a Message-ID of its own."""
    local, _, domain = envelope.message_id.partition("@")
    return replace(envelope, id=part_id(envelope.id, number), message_id=f"{local}-p{number}@{domain}")


def commit_part(spool: Spool, directory: Path, envelope: Envelope, message: Path) -> bool:
    """Make one further mail a job; False when it is one already. Its id stays in hand. Raises OSError.

    ``envelope`` is the part's own, ``directory`` the scan's, ``message`` the mail's file in it.
    """
    if files.find(spool, envelope.id) is not None:
        return False
    draft = files.begin_as(spool, envelope.id)
    try:
        for original in envelope.originals:
            os.link(directory / files.ORIGINAL / original.stored, draft.originals / original.stored)
        os.link(message, draft.directory / MESSAGE)
        files.commit(spool, draft, envelope)
    except BaseException:
        files.discard(spool, draft)
        raise
    return True
