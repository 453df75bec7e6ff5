"""Finished PDFs made searchable, upright and straight, in a process of its own; whatever goes wrong, the PDF stays."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

from image.document import Document, Limits
from image.ocr.exchange import ReadAnswer, ReadRequest, answer_from_json, request_to_json
from image.ocr.reading import LATE, Reading, failure, failure_of, is_wanted, notes_of, pages_after, undone

FOLDER_SUFFIX = ".reading"
"""What is added to the PDF's name for the folder beside it that all this happens in; it is gone afterwards."""

_ROOT = Path(__file__).resolve().parents[2]
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_MAX_COMPLAINT_BYTES = 8 * 1024


async def read(document: Document, reading: Reading, limits: Limits) -> Document:
    """Has the PDF at ``document.path``, made here and not split yet, read by OCRmyPDF and Tesseract as asked.

    The result takes the PDF's place: its images are the same bytes; pages are turned by ``/Rotate`` and straightened
    by their matrix; the text lies under the image. Pages that have text already, and signed PDFs, stay as they are.
    The same PDF gives the same bytes with the same versions of the tools. It is flushed, not made durable.

    This never fails: when a tool is missing, fails, or is not done after ``reading.timeout_s``, what was done so far
    is kept, ten pages at a time, and a note says what is missing. At the timeout, when this call is cancelled, and

    when this process ends, so do all that it started.
    """
    if not is_wanted(reading):
        return document
    folder = document.path.absolute().with_name(document.path.name + FOLDER_SUFFIX)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return await _improved(document, reading, limits, folder)
    except OSError as error:
        return replace(document, notes=(*document.notes, undone(reading, failure_of(error))))
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _improved(document: Document, reading: Reading, limits: Limits, folder: Path) -> Document:
    draft = folder / "draft.pdf"
    answer = await _answer(
        ReadRequest(document.path.absolute(), folder, draft, document.pages, reading, limits, os.getpid())
    )
    if not answer.pages:
        return replace(document, notes=(*document.notes, undone(reading, answer.why)))
    if answer.written is not None:
        draft.replace(document.path)
        document = replace(
            document,
            pages=pages_after(document.pages, answer.pages),
            size_bytes=answer.written.size_bytes,
            plain_because=document.plain_because or answer.plain_because,
        )
    return replace(document, notes=(*document.notes, *notes_of(reading, answer.pages, answer.why)))


async def _answer(request: ReadRequest) -> ReadAnswer:
    """What the process says; without pages, and why, when it does not say anything."""
    try:
        code, said, complaint = await _run(request)
    except TimeoutError:
        return ReadAnswer((), LATE)
    return answer_from_json(said) or ReadAnswer((), failure(code, complaint))


async def _run(request: ReadRequest) -> tuple[int, bytes, str]:
    """Exit code, answer and complaint of the process; it and all it started have ended when this returns or raises."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-sPB", "-m", "image.ocr.child"),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd="/",
        env=_environment(),
        process_group=0,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        async with asyncio.timeout(request.reading.timeout_s):
            # A child that ends at once breaks the pipe; its code and stderr then say why.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                child.stdin.write(request_to_json(request))
                await child.stdin.drain()
            child.stdin.close()
            said, complaint = await asyncio.gather(
                _end_of(child.stdout, _MAX_ANSWER_BYTES), _end_of(child.stderr, _MAX_COMPLAINT_BYTES)
            )
            code = await child.wait()
    finally:
        # The group is empty when the child came to its own end.
        if child.returncode != 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await asyncio.shield(child.wait())
    return code, said, complaint.decode(errors="replace")


async def _end_of(stream: asyncio.StreamReader, keep_bytes: int) -> bytes:
    """The last ``keep_bytes`` of all that comes."""
    kept = b""
    while piece := await stream.read(64 * 1024):
        kept = (kept + piece)[-keep_bytes:]
    return kept


def _environment() -> dict[str, str]:
    """Nothing of ours but where this package and the programs are."""
    return {
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "MALLOC_ARENA_MAX": "1",
        "PATH": os.environ.get("PATH", os.defpath),
    }
