"""The process that reads one PDF: it runs OCRmyPDF on ten pages at a time, and takes over what that found."""

import contextlib
import ctypes
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from image.confined.confine import leave_network
from image.document import Limits
from image.ocr.exchange import ReadAnswer, ReadRequest, answer_to_json, request_from_json
from image.ocr.offline import go_offline
from image.ocr.reading import (
    LATE,
    ODD_SIGNS,
    ONLINE,
    SIGNED,
    Found,
    PageRead,
    Reading,
    angles_of,
    failure,
    failure_of,
    found_of,
    measuring,
    pages_after,
    recognising,
    runs,
    turns_of,
)
from image.ocr.tools import missing
from image.pdf.layer import Taken, Target
from image.pdf.skew import excerpt, straightened
from image.verify import verify

_PR_SET_PDEATHSIG = 1
_NICE = 10
_OOM_SCORE = "500"
_OPEN_FILES = 256
_FILE_SLACK_BYTES = 16 * 1024 * 1024
_LOG_BYTES = 1_000_000
_FINISHING = 0.15
"""The share of the time kept for putting the pages together and checking them."""


class _RunError(Exception):
    """A run of OCRmyPDF gave nothing; ``str()`` says why."""


def main() -> None:
    """Answers the request on stdin, once."""
    answers = os.dup(1)
    os.dup2(2, 1)
    request = request_from_json(sys.stdin.buffer.read())
    if not _tie_to(request.parent_pid):
        return
    _give_up(request.reading, request.limits)
    is_offline = go_offline() or leave_network()
    answer = answer_to_json(_answer(request) if is_offline else ReadAnswer((), ONLINE))
    with os.fdopen(answers, "wb") as file:
        file.write(answer)


def _tie_to(parent_pid: int) -> bool:
    """Has this process end, with all it started, when its parent does; False when that has ended already.

    Tesseract is started by OCRmyPDF and would outlive it, so the whole group is killed.
    """
    signal.signal(signal.SIGUSR1, _end_all)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    return os.getppid() == parent_pid


def _end_all(_number: int, _frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL)


def _give_up(reading: Reading, limits: Limits) -> None:
    # As image.confined.confine, but programs may be started here; what is ignored here is ignored by them too.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # A signal with a handler has its usual effect, death, in the programs started from here.
    signal.signal(signal.SIGUSR2, lambda *_: None)
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, limits.output_bytes + _FILE_SLACK_BYTES),
        (resource.RLIMIT_CPU, math.ceil(reading.timeout_s) + 1),
        (resource.RLIMIT_AS, reading.memory_bytes),
    ):
        _, hard = resource.getrlimit(what)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (wanted, wanted))
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _answer(request: ReadRequest) -> ReadAnswer:
    lacking = missing(request.reading)
    if lacking:
        return ReadAnswer((), lacking)
    deadline = time.monotonic() + request.reading.timeout_s * (1 - _FINISHING)
    try:
        with contextlib.closing(Target(request.source)) as target:
            if target.is_signed():
                return ReadAnswer((), SIGNED)
            return _improve(request, target, deadline)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the PDF as it was is still there, and is delivered
        return ReadAnswer((), failure_of(error))


def _improve(request: ReadRequest, target: Target, deadline: float) -> ReadAnswer:
    pages: list[PageRead] = []
    why, is_odd = "", False
    for first, last in runs(len(request.pages)):
        try:
            angles, taken, log = _run(request, target, first, last, deadline)
        except _RunError as error:
            why = why or str(error)
            pages.extend([PageRead(Found.LEFT)] * (last - first + 1))
            continue
        for number, page in enumerate(taken, 1):
            found = found_of(log, number, has_text=page.has_text)
            why = why or (LATE if found is Found.LEFT else "")
            pages.append(PageRead(found, page.turned, angles.get(number, 0.0)))
            is_odd = is_odd or page.has_odd_signs
    if not any(page.turned or page.angle or page.found is Found.TEXT for page in pages):
        return ReadAnswer(tuple(pages), why)
    if is_odd:
        target.drop_claim()
    written = target.save(request.draft, request.limits)
    verify(request.draft, pages_after(request.pages, pages))
    return ReadAnswer(tuple(pages), why, written, ODD_SIGNS if is_odd else "")


def _run(
    request: ReadRequest, target: Target, first: int, last: int, deadline: float
) -> tuple[dict[int, float], list[Taken], str]:
    """Has pages ``first`` to ``last`` read, and takes over what was found: angles by number, the rest, the log."""
    if time.monotonic() >= deadline:
        raise _RunError(LATE)
    reading, limits = request.reading, request.limits
    source, straight, read = (request.folder / name for name in ("run.pdf", "straight.pdf", "read.pdf"))
    excerpt(request.source, first, last, source)
    angles: dict[int, float] = {}
    log = ""
    if reading.deskews:
        # Which way is up is seen better before the page is straightened: a turned bilevel image renders roughly.
        log = _ocrmypdf(measuring(reading, limits, source), request.folder, deadline)
        angles = straightened(source, angles_of(log), turns_of(log), straight)
        source, reading = straight, replace(reading, rotates=False)
    if reading.is_text or reading.rotates:
        log = _ocrmypdf(recognising(reading, limits, source, read), request.folder, deadline)
        source = read
    # Only now, so that pages that were left are left as they were; and first, since the text fits the straight page.
    target.straighten(first, angles)
    return angles, target.take_over(first, source), log


def _ocrmypdf(arguments: Sequence[str], folder: Path, deadline: float) -> str:
    """The log of a run of OCRmyPDF. Raises ``_RunError`` when it fails, or is not done at ``deadline``."""
    temporary, log = folder / "temporary", folder / "log"
    temporary.mkdir()
    try:
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-sPB", "-m", "ocrmypdf", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                cwd=folder,
                env=_environment(temporary),
            )
        with process:
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # OCRmyPDF and Tesseract are of this process's group; this process has a handler for it.
                os.killpg(0, signal.SIGUSR2)
                code = process.wait()
        said = _end_of(log)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if code != 0:
        raise _RunError(failure(code, said))
    return said


def _end_of(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_BYTES))
        return file.read().decode(errors="replace")


def _environment(temporary: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "TMPDIR": str(temporary),
        "OMP_THREAD_LIMIT": "1",
        "MALLOC_ARENA_MAX": "1",
    }


if __name__ == "__main__":
    main()
