"""One message in binary form by BDAT (RFC 3030): no reply to it is ever the message's end but a receipt.

What a host says of a binary message may be about its form. So a refusal sends it again as text, at once if the session
stands, else with the next attempt; only what that is answered counts.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from conf.model import Address
from gateway.deliver.replies import classify
from gateway.deliver.session import LostError, Session
from gateway.deliver.transaction import Opened, Transfer, broken_off, ended, mail, name_recipients, reset, unanswered
from gateway.spool.reply import Deferral, Phase, Reply, Scope

CHUNK_BYTES: Final = 1 << 20
"""Each costs a round trip, and a host that refuses one half way is heard at its end only: at 5 Mbit/s 1.7 s."""


@dataclass(frozen=True, slots=True)
class AsText:
    """The host will not have it in this form: what it said. The session is at its start again."""

    said: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """A reply to a chunk: ``is_last`` to the last one, ``is_early`` when it came before the chunk was out."""

    reply: Reply
    is_last: bool = False
    is_early: bool = False


@dataclass(slots=True)
class Body:
    """The bytes of a binary form, whose number is known, and what is awaited before the last of them go."""

    blocks: Iterator[bytes]
    size_bytes: int
    before_end: Callable[[], Awaitable[None]]
    is_ending: bool = False
    """Whether the last bytes may be out: from then on a silence is uncertain."""

    _held: bytes = b""

    def take(self, limit_bytes: int) -> bytes:
        """Return the next bytes, at most so many. Raises ValueError when there are none."""
        if not self._held:
            self._held = next(filter(None, self.blocks), b"")
        if not self._held:
            raise ValueError("shorter than it was a moment ago")
        taken, self._held = self._held[:limit_bytes], self._held[limit_bytes:]
        return taken


async def send_binary(
    session: Session, sender: Address, recipients: Sequence[Address], body: Body
) -> Transfer | AsText:
    """Offer a message by BDAT; raises nothing for the host's sake. Whatever was no receipt is certainly unsent."""
    opened: Opened | None = None
    try:
        reply = await mail(session, sender, body.size_bytes, " BODY=BINARYMIME")
        if reply.code != 250:  # noqa: PLR2004  RFC 5321 section 4.3.2
            return await _not_begun(session, recipients, reply)
        named = await name_recipients(session, recipients)
        if isinstance(named, Transfer):
            return named
        opened = named
        answer = await _upload(session, body)
    except LostError as error:
        session.abort()
        lost = unanswered(opened, error) if opened is not None and body.is_ending else broken_off(recipients, error)
        return replace(lost, binary_fault=str(error)) if error.phase in {Phase.DATA, Phase.END} else lost
    except BaseException:
        session.abort()
        raise
    return await _judged(session, opened, answer)


async def _not_begun(session: Session, recipients: Sequence[Address], reply: Reply) -> Transfer | AsText:
    """Go on after a refusal of MAIL, which may be about BODY; throttling is not, and is not asked twice."""
    is_reset = await reset(session, reply)
    verdict = classify(Phase.MAIL, reply)
    if reply.code in {421, 432} and isinstance(verdict, Deferral):
        return Transfer(dict.fromkeys(recipients, verdict), is_reusable=is_reset)
    if is_reset:
        return AsText(str(reply))
    return Transfer(dict.fromkeys(recipients, Deferral(str(reply), Scope.MESSAGE)), binary_fault=str(reply))


async def _upload(session: Session, body: Body) -> _Answer:
    """Write the body chunk by chunk; return the reply to the last one, or the first that is no success."""
    left_bytes = body.size_bytes
    while True:
        chunk_bytes = min(CHUNK_BYTES, left_bytes)
        left_bytes -= chunk_bytes
        is_last = left_bytes == 0
        session.begin_body()
        is_heard = await session.write(f"BDAT {chunk_bytes}{' LAST' if is_last else ''}\r\n".encode())
        while chunk_bytes and is_heard:
            block = body.take(chunk_bytes)
            chunk_bytes -= len(block)
            if is_last and not chunk_bytes:
                await body.before_end()
                body.is_ending = not session.has_answered
                if not body.is_ending:
                    return _Answer(await session.end_body(Phase.DATA), is_early=True)
            is_heard = await session.write(block)
        if chunk_bytes:
            return _Answer(await session.end_body(Phase.DATA), is_early=True)
        reply = await session.end_body(Phase.END if is_last else Phase.DATA)
        if is_last or not 200 <= reply.code <= 299:  # noqa: PLR2004  RFC 5321 section 4.2.1
            return _Answer(reply, is_last)


async def _judged(session: Session, opened: Opened, answer: _Answer) -> Transfer | AsText:
    reply = answer.reply
    if answer.is_early:
        session.abort()  # the host reads the rest of the chunk as commands, perhaps
    if answer.is_last and 200 <= reply.code <= 299:  # noqa: PLR2004  RFC 5321 section 4.2.1
        return ended(opened, Phase.END, reply, is_reusable=session.is_open)
    phase = Phase.END if answer.is_last else Phase.DATA
    verdict = classify(phase, reply)
    is_temporary = 400 <= reply.code <= 499  # noqa: PLR2004  the transient replies
    is_reset = await reset(session, reply)
    if isinstance(verdict, Deferral) and verdict.scope is Scope.ROUTE:
        return ended(opened, phase, reply, is_reusable=is_reset)
    if is_reset and not (answer.is_last and is_temporary):
        return AsText(str(reply))
    verdicts = {**opened.verdicts, **dict.fromkeys(opened.taken, Deferral(str(reply), Scope.MESSAGE))}
    return Transfer(verdicts, is_reusable=is_reset, binary_fault=str(reply))
