"""One message over a session: in binary form where both sides will have that, else as text by a streamed DATA."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from conf.model import Address
from gateway.deliver import binary
from gateway.deliver.chunks import Body, send_binary
from gateway.deliver.replies import classify
from gateway.deliver.session import LostError, Session
from gateway.deliver.transaction import (
    Opened,
    Transfer,
    broken_off,
    ended,
    mail,
    name_recipients,
    reset,
    unanswered,
)
from gateway.spool.reply import Phase, Receipt, Refusal, Reply, Scope

__all__ = ["Transfer", "send", "stuffed"]

_BLOCK_BYTES: Final = 1 << 16


def stuffed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes as they go on the wire: a dot doubled at each line start, CRLF at the end (RFC 5321 4.5.2)."""
    tail = b"\r\n"
    for block in blocks:
        text = block.replace(b"\r\n.", b"\r\n..")  # no copy where there is none
        if tail == b"\r\n" and block.startswith(b"."):
            text = b"." + text
        elif tail.endswith(b"\r") and block.startswith(b"\n."):
            text = b"\n." + text[1:]
        tail = (tail + block[-2:])[-2:]
        yield text
    if tail != b"\r\n":
        yield b"\r\n"


def _blocks(path: Path, prefix: bytes = b"") -> Iterator[bytes]:
    yield prefix
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


async def send(
    session: Session,
    sender: Address,
    recipients: Sequence[Address],
    message: Path,
    before_dot: Callable[[], Awaitable[None]],
    prefix: bytes = b"",
    *,
    may_be_binary: bool = False,
) -> Transfer:
    """Offer a message and return what the host says of each recipient; never raises for the host's sake.

    An empty ``sender`` is the null return path.
    ``prefix`` goes before the file: a header, whole lines; what is signed so goes as text, as which it was signed.
    ``before_dot`` is awaited when the whole body is out but its last bytes, and the host has been promised nothing:
    what it raises stops the transfer certainly unsent, as does an OSError of our own file. All before is certain.
    It may be awaited twice: for the binary form, and for the text after that was refused. ``may_be_binary`` allows the
    binary form; it is used when the host lists both extensions that it needs (RFC 3030 section 3).
    """
    size_bytes = (await asyncio.to_thread(message.stat)).st_size + len(prefix)
    if 0 < session.size_limit_bytes < size_bytes:
        said = f"{session.route.host} takes messages up to {session.size_limit_bytes} bytes, this one has {size_bytes}"
        refusal = Refusal(said, Scope.MESSAGE, "Scan with a lower resolution or fewer pages.")
        return Transfer(dict.fromkeys(recipients, refusal), is_reusable=True)
    plan = None
    if may_be_binary and not prefix and session.offers("chunking") and session.offers("binarymime"):
        plan = await asyncio.to_thread(lambda: binary.plan(_blocks(message)))
    if plan is None:
        return await _send_text(session, sender, recipients, message, before_dot, prefix)
    body = Body(binary.binary_form(_blocks(message), plan), plan.size_bytes, before_dot)
    try:
        outcome = await send_binary(session, sender, recipients, body)
    except ValueError as error:
        raise OSError(f"{message} has changed while it was sent ({error})") from error
    if isinstance(outcome, Transfer):
        return outcome
    as_text = await _send_text(session, sender, recipients, message, before_dot)
    is_taken = any(isinstance(verdict, Receipt) for verdict in as_text.verdicts.values())
    return replace(as_text, binary_fault=outcome.said if is_taken else "")


async def _send_text(
    session: Session,
    sender: Address,
    recipients: Sequence[Address],
    message: Path,
    before_dot: Callable[[], Awaitable[None]],
    prefix: bytes = b"",
) -> Transfer:
    size_bytes = (await asyncio.to_thread(message.stat)).st_size + len(prefix)
    try:
        opened = await _open(session, sender, recipients, size_bytes)
        if isinstance(opened, Transfer):
            return opened
        early = await _upload(session, message, prefix)
        if early is None:
            await before_dot()
            early = await session.end_body(Phase.DATA) if session.has_answered else None
        if early is not None:
            session.abort()
            return ended(opened, Phase.DATA, early, is_reusable=False)
    except LostError as error:
        session.abort()
        return broken_off(recipients, error)
    except BaseException:
        session.abort()
        raise
    return await _finish(session, opened)


async def _open(session: Session, sender: Address, recipients: Sequence[Address], size_bytes: int) -> Opened | Transfer:
    """Say MAIL, RCPT and DATA; return who was taken, or the end of it when nobody was."""
    reply = await mail(session, sender, size_bytes)
    if reply.code != 250:  # noqa: PLR2004  RFC 5321 section 4.3.2
        verdict = classify(Phase.MAIL, reply)
        return Transfer(dict.fromkeys(recipients, verdict), is_reusable=await reset(session, reply))
    opened = await name_recipients(session, recipients)
    if isinstance(opened, Transfer):
        return opened
    reply = await session.command(Phase.DATA, "DATA")
    if reply.code != 354:  # noqa: PLR2004  RFC 5321 section 4.3.2
        return ended(opened, Phase.DATA, reply, is_reusable=await reset(session, reply))
    return opened


async def _upload(session: Session, message: Path, prefix: bytes) -> Reply | None:
    """Write the body without its final dot; return the reply of a host that would not hear it out, else None."""
    session.begin_body()
    for block in stuffed(_blocks(message, prefix)):
        if not await session.write(block):
            return await session.end_body(Phase.DATA)
    return None


async def _finish(session: Session, opened: Opened) -> Transfer:
    try:
        await session.write(b".\r\n")
        reply = await session.end_body()
    except LostError as error:
        session.abort()
        return unanswered(opened, error)
    except BaseException:
        session.abort()
        raise
    is_closing = reply.code == 421  # noqa: PLR2004  "service closing"
    return ended(opened, Phase.END, reply, is_reusable=session.is_open and not is_closing)
