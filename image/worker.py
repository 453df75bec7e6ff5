"""to_pdf in a child process with memory, time and file limits: what hostile bytes do, they do there."""

import asyncio
import contextlib
import errno
import math
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from image.document import Document, Limits
from image.errors import TOO_MUCH_MEMORY, ScanError, ScanFault
from image.exchange import Request, answer_from_json, request_to_json
from image.recipe import Recipe

DEFAULT = Recipe()
FAULTY = "The picture data of a page is damaged in places; please check that it can be read."

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Two thousand pages, the default limit, take 100 kB."""

MAX_COMPLAINT_BYTES = 8 * 1024
"""The end of what the child wrote to stderr: a traceback, or the decoder's complaints."""

_ROOT = Path(__file__).resolve().parent.parent
_MEMORY_COMPLAINT = re.compile(r"MemoryError|bad_alloc|out of memory|cannot allocate memory", re.IGNORECASE)
_DECODER_COMPLAINT = re.compile(
    r"bad code word|line length mismatch|premature eo|not enough data|uncompressed data \(not"
)
"""What libtiff says on stderr, and nowhere else, about fax data that it could not follow (tif_fax3.c)."""


async def convert(
    sources: Sequence[Path],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe = DEFAULT,
    *,
    memory_bytes: int,
    timeout_s: float,
) -> Document:
    """As ``image.convert.to_pdf``, in a process of its own that may take ``memory_bytes`` of address space.

    Interpreter and libraries take about 100 MB of that. The process gets no environment of ours, and dies with this
    one, at the timeout, and when this call is cancelled; ``out`` and its parts are then removed.

    Raises ``ScanError`` as ``to_pdf`` does, and timeout, too-large (memory) and crashed; ``OSError`` when this box is
    at fault (a full disk, no process to be had), which another attempt may cure.
    """
    request = _request(sources, out, limits, recipe, made_at, memory_bytes, timeout_s)
    try:
        code, said, complaint = await _run(request_to_json(request), timeout_s)
    except BaseException:
        _remove_traces(out)
        raise
    answer = answer_from_json(said, out) or failure(code, complaint)
    if isinstance(answer, Document):
        return replace(answer, notes=(*answer.notes, FAULTY)) if _is_faulty(complaint) else answer
    _remove_traces(out)
    raise answer


def failure(code: int, complaint: str) -> ScanError | OSError:
    """What it means that the child ended with ``code`` (a signal's number, negated) and no answer."""
    if code == -signal.SIGXCPU:
        return _timed_out()
    if code == -signal.SIGKILL or _MEMORY_COMPLAINT.search(complaint):
        # Nobody but the kernel, short of memory, kills this process without our asking.
        return ScanError(ScanFault.TOO_LARGE, TOO_MUCH_MEMORY)
    if code < 0:
        return ScanError(
            ScanFault.CRASHED,
            f"The file from the scanner made the converter crash ({signal.Signals(-code).name}). Please scan again.",
        )
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
        sources=tuple(path.absolute() for path in sources),
        out=out.absolute(),
        limits=limits,
        recipe=recipe,
        made_at=made_at,
        memory_bytes=memory_bytes,
        cpu_s=math.ceil(timeout_s) + 1,
        parent_pid=os.getpid(),
    )


async def _run(request: bytes, timeout_s: float) -> tuple[int, bytes, str]:
    """Exit code, answer and complaint of a child given ``request``; it has ended when this returns or raises."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-sPB", "-m", "image.child")
    child = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", env=_environment()
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        async with asyncio.timeout(timeout_s):
            # A child that ends at once breaks the pipe; its code and stderr then say why.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                child.stdin.write(request)
                await child.stdin.drain()
            child.stdin.close()
            said, complaint = await asyncio.gather(
                _end_of(child.stdout, MAX_ANSWER_BYTES), _end_of(child.stderr, MAX_COMPLAINT_BYTES)
            )
            code = await child.wait()
    except TimeoutError as error:
        raise _timed_out() from error
    finally:
        if child.returncode is None:
            child.kill()
            await asyncio.shield(child.wait())
    return code, said, complaint.decode(errors="replace")


async def _end_of(stream: asyncio.StreamReader, keep_bytes: int) -> bytes:
    """The last ``keep_bytes`` of all that comes."""
    kept = b""
    while piece := await stream.read(64 * 1024):
        kept = (kept + piece)[-keep_bytes:]
    return kept


def _environment() -> dict[str, str]:
    """Nothing of ours but where this package is; one memory arena, since more are address space lost."""
    return {"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}


def _is_faulty(complaint: str) -> bool:
    return _DECODER_COMPLAINT.search(complaint.lower()) is not None


def _remove_traces(out: Path) -> None:
    with contextlib.suppress(OSError):
        for path in out.parent.iterdir():
            if path.name == out.name or path.name.startswith(f"{out.name}.part"):
                path.unlink(missing_ok=True)


def _timed_out() -> ScanError:
    return ScanError(ScanFault.TIMEOUT, "The scan took too long to convert. Please scan fewer pages at a time.")
