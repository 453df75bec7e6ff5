"""The maildir upstream: the finished mail as a file in a Maildir, durably, once however often it is asked."""

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from conf.model import Address
from gateway.spool import durable
from gateway.spool.job import JobId

_BLOCK_BYTES = 1 << 20


def deliver(maildir: Path, job_id: JobId, sender: Address, recipients: Sequence[Address], message: Path) -> Path:
    """Write a message into ``new/`` and return its path; the same job again finds its file and writes none.

    The envelope stands in Return-Path and Delivered-To lines before the message's own bytes. Raises OSError.
    """
    for name in ("tmp", "new", "cur"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    unique = f"{job_id}.{socket.gethostname().replace('/', '_').replace(':', '_')}"
    target = maildir / "new" / unique
    seen = [name for name in os.listdir(maildir / "cur") if name.partition(":")[0] == unique]
    if target.exists() or seen:
        return target if target.exists() else maildir / "cur" / seen[0]
    draft = maildir / "tmp" / unique
    draft.unlink(missing_ok=True)
    head = "".join([f"Return-Path: <{sender}>\r\n", *(f"Delivered-To: {recipient}\r\n" for recipient in recipients)])
    durable.write_file(draft, _bytes(head.encode("ascii"), message))
    durable.rename(draft, target)
    return target


def _bytes(head: bytes, message: Path) -> Iterator[bytes]:
    yield head
    with message.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block
