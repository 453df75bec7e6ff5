"""One message over a session: MAIL, RCPT for each recipient, streamed DATA, and what each recipient's verdict is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conf.model import Address
from gateway.deliver.replies import classify
from gateway.deliver.session import LostError, Session
from gateway.spool.reply import Deferral, Phase, Receipt, Refusal, Reply, Scope, Verdict

_BLOCK_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Transfer:
    """What became of each recipient. ``is_uncertain``: the final dot was sent, and its reply never came.

    ``is_reusable``: the session may carry the next message.
    """

    verdicts: Mapping[Address, Verdict]
    is_uncertain: bool = False
    is_reusable: bool = False

    @property
    def is_taken(self) -> bool:
        """Tell whether the host has taken the message for anybody."""
        return any(isinstance(verdict, Receipt) for verdict in self.verdicts.values())


def stuffed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes as they go on the wire: a dot doubled at each line start, CRLF at the end (RFC 5321 4.5.2)."""
    tail = b"\r\n"
    for block in blocks:
        text = (tail + block).replace(b"\r\n.", b"\r\n..")[len(tail) :]
        tail = (tail + block)[-2:]
        yield text
    if tail != b"\r\n":
        yield b"\r\n"


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


async def send(
    session: Session,
    sender: Address,
    recipients: Sequence[Address],
    message: Path,
    before_dot: Callable[[], Awaitable[None]],
) -> Transfer:
    """Offer a message and return what the host says of each recipient; never raises for the host's sake.

    An empty ``sender`` is the null return path.

    ``before_dot`` is awaited when the whole body is out and the host has been promised nothing: what it raises stops
    the transfer certainly unsent, as does an OSError of our own file. All before the final dot is certain.
    """
    size_bytes = (await asyncio.to_thread(message.stat)).st_size
    if 0 < session.size_limit_bytes < size_bytes:
        said = f"{session.route.host} takes messages up to {session.size_limit_bytes} bytes, this one has {size_bytes}"
        refusal = Refusal(said, Scope.MESSAGE, "Scan with a lower resolution or fewer pages.")
        return Transfer(dict.fromkeys(recipients, refusal), is_reusable=True)
    try:
        opening = await _open(session, sender, recipients, size_bytes)
        if isinstance(opening, Transfer):
            return opening
        verdicts, taken = opening
        early = await _upload(session, message)
        if early is None:
            await before_dot()
            early = await session.end_body(Phase.DATA) if session.has_answered else None
        if early is not None:
            session.abort()
            return _close(verdicts, taken, early, is_reusable=False, phase=Phase.DATA)
    except LostError as error:
        session.abort()
        return _lost(recipients, error)
    except BaseException:
        session.abort()
        raise
    return await _finish(session, verdicts, taken)


async def _open(
    session: Session, sender: Address, recipients: Sequence[Address], size_bytes: int
) -> Transfer | tuple[dict[Address, Verdict], list[Address]]:
    """Say MAIL, RCPT and DATA; return the verdicts so far and who was taken, or the end of it when nobody was."""
    size = f" SIZE={size_bytes}" if session.offers("size") else ""
    reply = await session.command(Phase.MAIL, f"MAIL FROM:<{sender}>{size}")
    if reply.code != 250:  # noqa: PLR2004  RFC 5321 section 4.3.2
        verdict = classify(Phase.MAIL, reply)
        return Transfer(dict.fromkeys(recipients, verdict), is_reusable=await _reset(session, reply))
    verdicts: dict[Address, Verdict] = {}
    taken: list[Address] = []
    for recipient in recipients:
        reply = await session.command(Phase.RCPT, f"RCPT TO:<{recipient}>")
        if reply.code in {250, 251}:
            taken.append(recipient)
            continue
        verdicts[recipient] = verdict = classify(Phase.RCPT, reply)
        if verdict.scope is Scope.ROUTE:
            return Transfer(dict.fromkeys(recipients, verdict), is_reusable=await _reset(session, reply))
    if not taken:
        return Transfer(verdicts, is_reusable=await _reset(session, reply))
    reply = await session.command(Phase.DATA, "DATA")
    if reply.code != 354:  # noqa: PLR2004  RFC 5321 section 4.3.2
        return _close(verdicts, taken, reply, is_reusable=await _reset(session, reply), phase=Phase.DATA)
    return verdicts, taken


async def _upload(session: Session, message: Path) -> Reply | None:
    """Write the body without its final dot; return the reply of a host that would not hear it out, else None."""
    session.begin_body()
    for block in stuffed(_blocks(message)):
        if not await session.write(block):
            return await session.end_body(Phase.DATA)
    return None


async def _finish(session: Session, verdicts: dict[Address, Verdict], taken: list[Address]) -> Transfer:
    try:
        await session.write(b".\r\n")
        reply = await session.end_body()
    except LostError as error:
        session.abort()
        deferral = Deferral(str(error), Scope.MESSAGE)
        return Transfer({**verdicts, **dict.fromkeys(taken, deferral)}, is_uncertain=True)
    except BaseException:
        session.abort()
        raise
    is_closing = reply.code == 421  # noqa: PLR2004  "service closing"
    return _close(verdicts, taken, reply, is_reusable=session.is_open and not is_closing)


def _close(
    verdicts: Mapping[Address, Verdict],
    taken: Sequence[Address],
    reply: Reply,
    *,
    is_reusable: bool,
    phase: Phase = Phase.END,
) -> Transfer:
    is_taken = phase is Phase.END and 200 <= reply.code <= 299  # noqa: PLR2004  RFC 5321 section 4.2.1
    verdict: Verdict = Receipt(str(reply)) if is_taken else classify(phase, reply)
    return Transfer({**verdicts, **dict.fromkeys(taken, verdict)}, is_reusable=is_reusable)


def _lost(recipients: Sequence[Address], error: LostError) -> Transfer:
    # A body that breaks off may be this message's own fault (its size, its bytes): the others need not wait for it.
    scope = Scope.MESSAGE if error.phase is Phase.DATA else Scope.ROUTE
    return Transfer(dict.fromkeys(recipients, Deferral(str(error), scope)))


async def _reset(session: Session, reply: Reply) -> bool:
    """Bring the session back to its start; False when it is gone or not worth keeping. The reply stands either way."""
    if reply.code == 421 or not session.is_open:  # noqa: PLR2004  "service closing"
        return False
    try:
        return (await session.command(Phase.MAIL, "RSET", timeout_s=30)).code == 250  # noqa: PLR2004  RFC 5321
    except LostError:
        return False
