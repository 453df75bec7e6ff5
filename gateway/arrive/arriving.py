"""A message on its way to the disk, which the event loop never waits for.

A small one is held until its end and then written by the thread that commits it; of a larger one each block is written
by a thread while the next one comes. So neither costs more memory than two blocks, whatever its size.
"""

import asyncio
import errno
import hashlib
import os
from dataclasses import dataclass, field
from io import FileIO
from typing import Any, Final

from gateway.arrive.intake import Intake, now_utc
from gateway.spool import durable, files
from gateway.spool.envelope import Original
from gateway.spool.files import Draft

STORED: Final = "message.eml"
"""The name of a mail as it arrived, in the job's original directory."""

HELD_BYTES: Final = 1 << 18
_BLOCK_BYTES: Final = 1 << 17  # of a larger one: of four at once 256 kB took 1 MB more, and 64 kB a hop more for each
_PORTION_BYTES: Final = 1 << 23


@dataclass(slots=True)
class Arriving:
    """One message. ``put`` and ``settle`` belong to the event loop, ``finish`` to the thread that then commits.

    ``draft`` is there once something was written. What does not become a job has to be discarded; twice is no harm.
    """

    intake: Intake
    draft: Draft | None = None
    _file: FileIO | None = None
    _sha256: Any = field(default_factory=hashlib.sha256)
    _held: list[bytes] = field(default_factory=list)
    _held_bytes: int = 0
    _written_bytes: int = 0
    _begun_bytes: int = 0
    _writing: "asyncio.Future[None] | None" = None

    async def put(self, text: bytes) -> None:
        """Take the next bytes. Raises OSError when the disk is at fault with these or the ones before."""
        self._held.append(text)
        self._held_bytes += len(text)
        if self._held_bytes <= (HELD_BYTES if self._writing is None else _BLOCK_BYTES):
            return
        await self.settle()
        held, self._held, self._held_bytes = self._held, [], 0
        self._writing = asyncio.get_running_loop().run_in_executor(self.intake.threads, self._write, held)

    async def settle(self) -> None:
        """Wait until nothing is being written. Raises OSError when the disk was at fault."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def end(self) -> None:
        """Wait until nothing is being written, and flush a very large one: those behind it would wait for that.

        Raises OSError when the disk was at fault.
        """
        await self.settle()
        if self._file is not None and self._begun_bytes:
            await asyncio.get_running_loop().run_in_executor(self.intake.threads, os.fsync, self._file.fileno())

    def _write(self, texts: list[bytes]) -> None:
        """Write blocks, in a thread; the draft is begun with the first. Raises OSError, also when room is short."""
        if self.draft is None:
            self.draft = files.begin(self.intake.spool, now_utc())
        if self._file is None:
            self._file = (self.draft.originals / STORED).open("xb", buffering=0)
        texts.reverse()
        while texts:
            text = texts.pop()  # gone as soon as it is written
            self._sha256.update(text)
            durable.write_all(self._file.fileno(), text)
            self._written_bytes += len(text)
            if self._written_bytes - self._begun_bytes >= _PORTION_BYTES:
                self._begin_flush(self._file)
                if not self.intake.has_room():
                    raise OSError(errno.ENOSPC, "the free space set aside is touched")

    def _begin_flush(self, file: FileIO) -> None:
        """Have the device begin with what came since the last time; what it has already stays in memory."""
        durable.begin_flush(file.fileno(), self._begun_bytes, self._written_bytes - self._begun_bytes)
        self._begun_bytes = self._written_bytes

    def finish(self) -> tuple[Draft, Original, FileIO]:
        """Write what is held, in a thread; return the draft, what it holds, and its file, not yet flushed.

        Raises OSError; then, as after any fault of what follows, ``discard`` is owed.
        """
        text = b"".join(
            self._held
        )  # in one piece: every call out of Python waits for the event loop to let it in again
        self._held.clear()
        self._write([text])
        assert self.draft is not None
        assert self._file is not None
        self._begin_flush(self._file)
        return self.draft, Original(STORED, STORED, self._written_bytes, self._sha256.hexdigest()), self._file

    def discard(self) -> None:
        """Remove what was written: at once, or when the block is written that is just being written."""
        if self._writing is None or self._writing.done():
            self._drop()
        else:
            self._writing.add_done_callback(lambda _: self._drop())

    def _drop(self) -> None:
        if self._writing is not None and self._writing.done() and not self._writing.cancelled():
            self._writing.exception()  # nobody else asks for it any more
        if self._file is not None:
            self._file.close()
        if self.draft is not None:
            files.discard(self.intake.spool, self.draft)
