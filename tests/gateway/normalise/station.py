"""The normaliser of a box, the jobs it is given, and what came of them."""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.arrive.arriving import STORED
from gateway.normalise.runner import Normaliser
from gateway.spool import files
from gateway.spool.envelope import Origin, Original, OriginKind
from gateway.spool.job import Job, JobId
from image.confined import worker
from image.document import Document
from tests.gateway.spool.given import NOW, NOW_S, Box, envelope

SMALL: Final = (400, 300)
"""Pixels of a page that is quickly made."""


class Station:
    """The normaliser of a box, and whom it told."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.told: list[str] = []
        self.normaliser = Normaliser(
            box.config,
            box.spool,
            box.journal,
            asyncio.Event(),
            lambda: self.told.append("ready"),
            lambda: self.told.append("failed"),
        )

    async def work(self) -> None:
        """Normalise everything that is due."""
        await self.normaliser._work_through()

    def job(self, job_id: JobId) -> Job:
        """A job that the journal knows."""
        found = self.box.journal.job(job_id)
        assert found is not None
        return found

    def mail(self, job_id: JobId) -> EmailMessage:
        """The message made of a job."""
        data = (self.box.spool.jobs / job_id / files.MESSAGE).read_bytes()
        assert self.job(job_id).size_bytes == len(data)
        made = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        return made


def mailed(box: Box, message: bytes) -> JobId:
    """A mail that was taken by SMTP."""
    draft = files.begin(box.spool, NOW)
    (draft.originals / STORED).write_bytes(message)
    original = Original(STORED, STORED, len(message), sha256(message).hexdigest())
    committed = envelope(draft.id, origin=Origin(OriginKind.SMTP, "smtp", "127.0.0.1"), originals=(original,))
    files.commit(box.spool, draft, committed)
    box.spool.in_hand.discard(draft.id)
    box.journal.admit(committed, NOW_S)
    return committed.id


def shared(box: Box, contents: dict[str, bytes], **changed: Any) -> JobId:
    """A scan of several files that was taken from the share."""
    draft = files.begin(box.spool, NOW)
    originals = []
    for number, (name, data) in enumerate(contents.items(), start=1):
        (draft.originals / f"{number:04d}").write_bytes(data)
        originals.append(Original(f"{number:04d}", name, len(data), sha256(data).hexdigest()))
    committed = envelope(draft.id, originals=tuple(originals), **changed)
    files.commit(box.spool, draft, committed)
    box.spool.in_hand.discard(draft.id)
    box.journal.admit(committed, NOW_S)
    return committed.id


def failing_with(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int = 1_000) -> list[Path]:
    """Have the next conversions fail; return where each was to write."""
    real, asked = worker.convert, []

    async def convert(sources: Any, out: Path, *args: Any, **named: Any) -> Document:
        asked.append(out)
        if len(asked) <= times:
            raise error
        return await real(sources, out, *args, **named)

    monkeypatch.setattr(worker, "convert", convert)
    return asked
