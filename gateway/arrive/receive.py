"""One message on its way in: streamed into a draft, committed, and only then answered with 250.

Nothing holds a large message: blocks go to the disk as they come, undotted and hashed on the way. A commit begun is
finished even if the device has gone, and a fault of ours is 451 or 452, never 5xx: on a 5xx a scanner discards it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from conf.model import Smtp
from gateway.arrive.arriving import Arriving
from gateway.arrive.data import DataDecoder
from gateway.arrive.data_lf import TAIL_BYTES, BareLfDecoder, ends_in_bare_lf
from gateway.arrive.ending import is_overdue
from gateway.arrive.intake import Intake, is_out_of_room
from gateway.arrive.keep import Dialogue, Keeping, Taken
from gateway.events import Event, log

_BLOCK_BYTES: Final = 1 << 16
_BLOCK_TIMEOUT_S: Final = 180.0  # RFC 5321 section 4.5.3.2.5


@dataclass(frozen=True, slots=True)
class Stream:
    """What a reception needs of its connection: bytes, a place for what is not the message's, time limit and end."""

    read: Callable[[int], Awaitable[bytes]]
    put_back: Callable[[bytes], None]
    renew: Callable[[float | None], None]
    push: Callable[[str], Awaitable[None]]
    hang_up: Callable[[str], None]


@dataclass(slots=True)
class Reception:
    """The receiving of one message under the rule of its client; ``keep`` is given it when it has come whole."""

    intake: Intake
    rule: Smtp
    dialogue: Dialogue
    stream: Stream
    keep: Callable[[Keeping], None]

    async def take(self) -> str:
        """Receive and commit; return the reply line. Raises ConnectionError when the device goes before the end."""
        arriving, is_handed_on = Arriving(self.intake), False
        try:
            await self.stream.push("354 End data with <CR><LF>.<CR><LF>")
            if not await self._receive(arriving):
                return f"552 5.3.4 Larger than message_limit of [[smtp]] {self.rule.name}"
            loop = asyncio.get_running_loop()
            taken: Taken = loop.create_future()
            self.keep(Keeping(self.intake, self.rule, self.dialogue, arriving, taken, loop.create_future()))
            is_handed_on = True  # from here on it is the commit's
            return f"250 2.0.0 Ok: taken as {await taken}"
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            log(Event.LOCAL_FAULT, client=self.dialogue.client, reason=str(error))
            return "452 4.3.1 No room" if is_out_of_room(error) else "451 4.3.0 Local fault, try again later"
        finally:
            if not is_handed_on:
                arriving.discard()

    async def _receive(self, arriving: Arriving) -> bool:
        """Read the message to its end; False when it is over the limit.

        Raises ConnectionError when the device goes before the final dot, or takes too long and is told so; anything
        else, as OSError when the disk is at fault, after reading on to the end, so that the device hears the reply.
        """
        decoder = BareLfDecoder() if self.rule.bare_lf else DataDecoder()
        began_s, size_bytes, tail = self._now_s(), 0, b""
        fault: Exception | None = None
        while not decoder.is_ended:
            if is_overdue(self._now_s() - began_s, min(size_bytes, self.rule.message_limit)):
                self._tell_lost(size_bytes, tail, "the message took too long")
                self.stream.hang_up("421 4.4.2 The message took too long, goodbye")
                raise ConnectionAbortedError
            block = await self.stream.read(_BLOCK_BYTES)
            if not block:
                self._tell_lost(size_bytes, tail)
                raise ConnectionResetError("the device went before the end of its message")
            self.stream.renew(_BLOCK_TIMEOUT_S)
            tail = (tail + block[-TAIL_BYTES:])[-TAIL_BYTES:]
            text, rest = decoder.feed(block)
            size_bytes += len(text)
            if fault is None and size_bytes <= self.rule.message_limit:
                try:
                    await arriving.put(text)
                except Exception as error:  # noqa: BLE001  whatever it is: what follows must not be heard as commands
                    fault = error
            if rest:
                self.stream.put_back(rest)
        self.stream.renew(None)
        if fault is not None:
            raise fault
        await arriving.end()
        return size_bytes <= self.rule.message_limit

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    def _tell_lost(self, size_bytes: int, tail: bytes, reason: str | None = None) -> None:
        """Log that the device went or fell silent, and what may be the matter when its message looked finished."""
        advice = None
        if ends_in_bare_lf(tail):
            advice = f"its lines end with LF alone: set bare_lf = true in [[smtp]] {self.rule.name}"
        log(
            Event.SMTP_LOST,
            client=self.dialogue.client,
            listener=self.rule.name,
            size_bytes=size_bytes,
            reason=reason,
            advice=advice,
        )
