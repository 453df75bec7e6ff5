"""to_pdf in a child process with memory, time and file limits: what hostile bytes do, they do there."""

import asyncio
import contextlib
import errno
import math
import re
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from image.confined import launch
from image.confined.exchange import (
    End,
    Request,
    Task,
    Thumbnails,
    Usage,
    answer_from_json,
    end_from_json,
    progress_from_json,
    request_to_json,
)
from image.confined.launch import shutdown as shutdown  # noqa: PLC0414 -- who converts may also say that it was the last time
from image.document import Document, Limits, Thumbnail
from image.errors import TOO_MUCH_MEMORY, ScanError, ScanFault
from image.fit.budget import Budget
from image.recipe import Recipe

DEFAULT = Recipe()

MAX_SAID_BYTES = 4 * 1024 * 1024
"""Two thousand pages, the default limit, take 100 kB of answer and 30 kB of progress."""

MAX_COMPLAINT_BYTES = 8 * 1024
"""The end of what the child wrote to stderr: a traceback, or the decoder's complaints."""

Progress = Callable[[int, int], None]
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)

_PIECE_BYTES = 64 * 1024
_END_S = 10.0
_MEMORY_COMPLAINT = re.compile(r"MemoryError|bad_alloc|out of memory|cannot allocate memory", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a child: how it ended, what it answered, and the last that it printed."""

    end: End
    said: bytes
    complaint: str


async def convert(
    sources: Sequence[Path],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe = DEFAULT,
    *,
    memory_bytes: int,
    timeout_s: float,
    progress: Progress | None = None,
    usage: Callable[[Usage], None] | None = None,
) -> Document:
    """As ``image.convert.to_pdf``, in a process of its own that may take ``memory_bytes`` of address space.

    Interpreter and libraries take about 80 MB of that. The process is forked from a server that is started when needed
    (``forkserver``), has no environment of ours, no network and no way to other processes (``confine``),
    and ends with this one, at the timeout, and when this call is cancelled; ``out`` and its parts are then removed.
    ``progress`` is told steps done and their total, ``usage`` what the process took, when it ended by itself.

    Raises ``ScanError`` as ``to_pdf`` does, and timeout, too-large (memory) and crashed; ``OSError`` when this box is
    at fault (a full disk, no process to be had), which another attempt may cure.
    """
    request = _request(sources, out, limits, recipe, made_at, memory_bytes, timeout_s)
    return await perform(request, timeout_s, progress, usage)


async def fit(
    document: Document, budget: Budget, limits: Limits, made_at: datetime, *, memory_bytes: int, timeout_s: float
) -> Document:
    """As ``image.fit.finish.fit``, for the PDF at ``document.path``; confined, and raises, as ``convert`` does."""
    request = _request((), document.path, limits, DEFAULT, made_at, memory_bytes, timeout_s)
    return await perform(replace(request, task=Task.FIT, document=document, budget=budget), timeout_s)


async def perform(
    request: Request, timeout_s: float, progress: Progress | None = None, usage: Callable[[Usage], None] | None = None
) -> Document:
    """Has ``request``, whatever its task, done by a child; promises and raises what ``convert`` does."""
    out = request.out
    try:
        asked = request_to_json(replace(request, is_watched=progress is not None))
        outcome = await _run(asked, timeout_s, progress)
    except BaseException:
        _remove_traces(out)
        raise
    if usage is not None:
        usage(outcome.end.usage)
    answer = answer_from_json(outcome.said, out) or failure(outcome.end.code, outcome.complaint)
    if isinstance(answer, Document):
        return answer
    _remove_traces(out)
    raise _crashed("another answer") if isinstance(answer, Thumbnails) else answer


async def thumbnails(
    path: Path,
    pages: Sequence[int],
    *,
    memory_bytes: int,
    timeout_s: float,
    usage: Callable[[Usage], None] | None = None,
) -> tuple[Thumbnail, ...]:
    """The pages (numbers from 1, ascending) of the finished PDF at ``path``, small: each that can be had cheaply.

    Confined, and raises, as ``convert`` does; the PDF stays whatever happens.
    """
    request = _request((path,), path, Limits(), DEFAULT, _NO_DATE, memory_bytes, timeout_s)
    asked = replace(request, task=Task.THUMBNAILS, pages=tuple(pages))
    outcome = await _run(request_to_json(asked), timeout_s, None)
    if usage is not None:
        usage(outcome.end.usage)
    answer = answer_from_json(outcome.said, path) or failure(outcome.end.code, outcome.complaint)
    match answer:
        case Thumbnails(made) if {one.page for one in made} <= set(pages) and len(made) <= len(pages):
            return made
        case Thumbnails() | Document():
            raise _crashed("another answer")
        case _:
            raise answer


def failure(code: int, complaint: str) -> ScanError | OSError:
    """What it means that the child ended with ``code`` (a signal's number, negated) and no answer."""
    if code == -signal.SIGXCPU:
        return _timed_out()
    if code == -signal.SIGKILL or _MEMORY_COMPLAINT.search(complaint):
        # Nobody but the kernel, short of memory, kills this process without our asking.
        return ScanError(ScanFault.TOO_LARGE, TOO_MUCH_MEMORY)
    if code < 0:
        return _crashed(signal.Signals(-code).name)
    last = complaint.strip().rpartition("\n")[2]
    return OSError(errno.EIO, f"the conversion process ended with code {code} and no answer: {last}")


def _request(
    sources: Sequence[Path],
    out: Path,
    limits: Limits,
    recipe: Recipe,
    made_at: datetime,
    memory_bytes: int,
    timeout_s: float,
) -> Request:
    return Request(
        task=Task.CONVERT,
        sources=tuple(path.absolute() for path in sources),
        out=out.absolute(),
        limits=limits,
        recipe=recipe,
        made_at=made_at,
        memory_bytes=memory_bytes,
        cpu_s=math.ceil(timeout_s) + 1,
    )


async def _run(request: bytes, timeout_s: float, progress: Progress | None) -> _Outcome:
    """What came of a child given ``request``; it has ended when this returns or raises."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as open_sockets:
        pairs = []
        for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_STREAM):
            pairs.append(socket.socketpair(type=kind))
            for one in pairs[-1]:
                open_sockets.enter_context(one)
        ending, talk, complaints = (ours for ours, _ in pairs)
        server = launch.hand_over([theirs for _, theirs in pairs])
        is_dead = False
        try:
            for ours, theirs in pairs:
                theirs.close()
                ours.setblocking(False)
            async with asyncio.timeout(timeout_s):
                outcome = await _listen(request, ending, talk, complaints, progress)
            if outcome is None:
                is_dead = True
                raise OSError(errno.EIO, "the conversion server ended, and gave no answer")
            return outcome
        except TimeoutError as error:
            raise _timed_out() from error
        finally:
            try:
                is_dead = not await _see_off(ending) or is_dead
            finally:
                launch.done(server, loop, is_dead=is_dead)


async def _listen(
    request: bytes, ending: socket.socket, talk: socket.socket, complaints: socket.socket, progress: Progress | None
) -> _Outcome | None:
    """Asks, and hears the child to its end; None when there was no end to be told of. All at once, lest one wait."""
    loop = asyncio.get_running_loop()
    tasks = (
        asyncio.ensure_future(_answer(request, talk, progress)),
        asyncio.ensure_future(_end_of(complaints)),
        asyncio.ensure_future(loop.sock_recv(ending, _PIECE_BYTES)),
    )
    try:
        said, complaint, end = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return _Outcome(end_from_json(end), said, complaint.decode(errors="replace")) if end else None


async def _answer(request: bytes, talk: socket.socket, progress: Progress | None) -> bytes:
    """The answer to ``request``, with what was said of the progress before it told to ``progress``.

    Raises ``ScanError`` (crashed) when the child says more than any answer is long.
    """
    # A child that ends at once breaks the line; how it ended then says why.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await asyncio.get_running_loop().sock_sendall(talk, request)
        talk.shutdown(socket.SHUT_WR)
    said, said_bytes = b"", 0
    while piece := await _piece(talk):
        said_bytes += len(piece)
        if said_bytes > MAX_SAID_BYTES:
            raise _crashed("endless answer")
        *lines, said = (said + piece).split(b"\n")
        for line in lines:
            told = progress_from_json(line)
            if told is not None and progress is not None:
                progress(*told)
    return said


async def _end_of(complaints: socket.socket) -> bytes:
    """The end of all that the child prints."""
    kept = b""
    while piece := await _piece(complaints):
        kept = (kept + piece)[-MAX_COMPLAINT_BYTES:]
    return kept


async def _piece(source: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(source, _PIECE_BYTES)
    except ConnectionResetError:  # its end closed with our bytes unread
        return b""


async def _see_off(ending: socket.socket) -> bool:
    """Has the server kill the child, if it still runs, and waits until that is done; False when the server does not."""
    with contextlib.suppress(OSError):
        ending.shutdown(socket.SHUT_WR)
    try:
        async with asyncio.timeout(_END_S):
            while await _piece(ending):
                pass
    except TimeoutError:
        return False
    return True


def _remove_traces(out: Path) -> None:
    with contextlib.suppress(OSError):
        for path in out.parent.iterdir():
            if path.name == out.name or path.name.startswith(f"{out.name}.part"):
                path.unlink(missing_ok=True)


def _crashed(how: str) -> ScanError:
    return ScanError(
        ScanFault.CRASHED, f"The file from the scanner made the converter crash ({how}). Please scan again."
    )


def _timed_out() -> ScanError:
    return ScanError(ScanFault.TIMEOUT, "The scan took too long to convert. Please scan fewer pages at a time.")
