"""One message on its way in: streamed into a draft, committed, and only then answered with 250.

Nothing holds the message: blocks go to the disk as they come, undotted and hashed on the way. A commit begun is
finished even if the device has gone, and a fault of ours is 451 or 452, never 5xx: on a 5xx a scanner discards it.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import FileIO
from typing import Final

from conf.model import Address, Smtp
from gateway.arrive import policy, repeat
from gateway.arrive.data import DataDecoder
from gateway.arrive.data_lf import TAIL_BYTES, BareLfDecoder, ends_in_bare_lf
from gateway.arrive.intake import Intake, is_out_of_room, message_id, now_utc
from gateway.events import Event, log
from gateway.spool import durable, files
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.files import Draft
from gateway.spool.job import JobId

STORED: Final = "message.eml"
"""The name of a mail as it arrived, in the job's original directory."""

_ROOM_BYTES: Final = 1 << 23
_BLOCK_BYTES: Final = 1 << 18
_BLOCK_TIMEOUT_S: Final = 180.0  # RFC 5321 section 4.5.3.2.5


@dataclass(frozen=True, slots=True)
class Stream:
    """What a reception needs of its connection: bytes, a place for what is not the message's, and the time limit."""

    read: Callable[[int], Awaitable[bytes]]
    put_back: Callable[[bytes], None]
    renew: Callable[[float | None], None]
    push: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What was said before DATA."""

    client: str
    mail_from: str
    recipients: tuple[Address, ...]


@dataclass(slots=True)
class Reception:
    """The receiving of one message under the rule of its client; ``commits`` holds the commit while it runs."""

    intake: Intake
    rule: Smtp
    dialogue: Dialogue
    stream: Stream
    commits: set["asyncio.Task[JobId]"]

    async def take(self) -> str:
        """Receive and commit; return the reply line. Raises ConnectionError when the device goes before the end."""
        draft: Draft | None = None
        try:
            draft = await asyncio.to_thread(files.begin, self.intake.spool, now_utc())
            with (draft.originals / STORED).open("xb", buffering=0) as file:
                await self.stream.push("354 End data with <CR><LF>.<CR><LF>")
                original = await self._receive(file)
            if original is None:
                return f"552 5.3.4 Larger than message_limit of [[smtp]] {self.rule.name}"
            commit = asyncio.create_task(asyncio.to_thread(self._commit_once, draft, original))
            self.commits.add(commit)
            commit.add_done_callback(self.commits.discard)
            draft = None  # from here on it is the commit's
            return f"250 2.0.0 Ok: taken as {await _finished(commit)}"
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            log(Event.LOCAL_FAULT, client=self.dialogue.client, reason=str(error))
            return "452 4.3.1 No room" if is_out_of_room(error) else "451 4.3.0 Local fault, try again later"
        finally:
            if draft is not None:
                files.discard(self.intake.spool, draft)

    async def _receive(self, file: FileIO) -> Original | None:
        """Write the message to the file as it comes; None when it is over the limit (then it was read and dropped).

        Raises ConnectionResetError when the device goes before the final dot; OSError when the disk is at fault, after
        reading on to the end, so that the device hears the reply.
        """
        decoder = BareLfDecoder() if self.rule.bare_lf else DataDecoder()
        sha256, size_bytes, tail = hashlib.sha256(), 0, b""
        fault: OSError | None = None
        while not decoder.is_ended:
            block = await self.stream.read(_BLOCK_BYTES)
            if not block:
                self._tell_lost(size_bytes, tail)
                raise ConnectionResetError("the device went before the end of its message")
            self.stream.renew(_BLOCK_TIMEOUT_S)
            tail = (tail + block[-TAIL_BYTES:])[-TAIL_BYTES:]
            text, rest = decoder.feed(block)
            size_bytes += len(text)
            if fault is None and size_bytes <= self.rule.message_limit:
                sha256.update(text)
                try:
                    self._require_room(size_bytes - len(text), size_bytes)
                    durable.write_all(file.fileno(), text)
                except OSError as error:
                    fault = error
            if rest:
                self.stream.put_back(rest)
        self.stream.renew(None)
        if fault is not None:
            raise fault
        if size_bytes > self.rule.message_limit:
            return None
        await asyncio.to_thread(os.fsync, file.fileno())
        return Original(STORED, STORED, size_bytes, sha256.hexdigest())

    def _tell_lost(self, size_bytes: int, tail: bytes) -> None:
        """Log that the device went or fell silent, and what may be the matter when its message looked finished."""
        advice = None
        if ends_in_bare_lf(tail):
            advice = f"its lines end with LF alone: set bare_lf = true in [[smtp]] {self.rule.name}"
        log(
            Event.SMTP_LOST,
            client=self.dialogue.client,
            listener=self.rule.name,
            size_bytes=size_bytes,
            advice=advice,
        )

    def _require_room(self, before_bytes: int, after_bytes: int) -> None:
        """Raise OSError (ENOSPC) when the reserve is touched; looked at every few megabytes of a message."""
        is_time = before_bytes // _ROOM_BYTES != after_bytes // _ROOM_BYTES
        if is_time and not self.intake.has_room():
            raise OSError(errno.ENOSPC, "the free space set aside is touched")

    def _commit_once(self, draft: Draft, original: Original) -> JobId:
        """Commit, unless the listener knows ``repeats`` and this is one: then the job of the first is the answer."""
        if not self.rule.repeats:
            return self._commit(draft, original)
        client, mail_from = self.dialogue.client, self.dialogue.mail_from
        digest = repeat.digest_of(mail_from, self.dialogue.recipients, original.sha256)
        job_id, is_repeat = repeat.once(
            self.intake, client, digest, self.rule.repeats, lambda: self._commit(draft, original)
        )
        if is_repeat:
            files.discard(self.intake.spool, draft)
            log(Event.SMTP_REPEAT, job_id, client=client, listener=self.rule.name, size_bytes=original.size_bytes)
        return job_id

    def _commit(self, draft: Draft, original: Original) -> JobId:
        """Commit in a thread of its own. Raises OSError; then nothing was promised and the draft is gone."""
        envelope = Envelope(
            id=draft.id,
            arrived_at=now_utc(),
            origin=Origin(OriginKind.SMTP, self.rule.name, self.dialogue.client),
            sender=policy.whom_to_tell(self.dialogue.mail_from),
            recipients=self.dialogue.recipients,
            originals=(original,),
            message_id=message_id(draft.id, self.intake.config),
        )
        try:
            files.commit(self.intake.spool, draft, envelope)
        except BaseException:
            files.discard(self.intake.spool, draft)
            raise
        self.intake.admit(envelope)
        return draft.id


async def _finished(commit: "asyncio.Task[JobId]") -> JobId:
    """Wait for a commit without ending it when the device goes."""
    waiting: Awaitable[JobId] = asyncio.shield(commit)
    return await waiting
