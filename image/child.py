"""The worker process: takes one request on stdin, gives up what it does not need, converts, answers on stdout."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from image.errors import ScanError
from image.exchange import Answer, Request, answer_to_json, request_from_json

OPEN_FILES = 256
"""Files and parts of one scan that may be open at a time, with the process's own."""

_PR_SET_PDEATHSIG = 1
_NICE = 10
_OOM_SCORE = "500"
"""proc(5): half way to the most likely victim, so that the kernel takes this process and not the service."""

_FILE_SLACK_BYTES = 16 * 1024 * 1024
"""Above the output limit, so that the writer's own refusal, which says why, comes first."""


def main() -> None:
    """Answers the request on stdin, once."""
    # Libraries that print must not get between the answer's lines.
    answers = os.dup(1)
    os.dup2(2, 1)
    request = request_from_json(sys.stdin.buffer.read())
    if not _tie_to(request.parent_pid):
        return
    _give_up(request)
    answer = answer_to_json(_answer(request))
    with os.fdopen(answers, "wb") as file:
        file.write(answer)


def _answer(request: Request) -> Answer:
    from image.convert import to_pdf

    try:
        return to_pdf(request.sources, request.out, request.limits, request.made_at, request.recipe)
    except (ScanError, OSError) as error:
        return error


def _tie_to(parent_pid: int) -> bool:
    """Has the kernel kill this process when its parent ends; False when it has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent_pid


def _give_up(request: Request) -> None:
    # A stop of the service reaches every process of its group; this one is ended by its parent, never by itself,
    # since an end by signal would be taken for a crash caused by the scan.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, request.limits.output_bytes + _FILE_SLACK_BYTES)
    _limit(resource.RLIMIT_CPU, request.cpu_s)
    _limit(resource.RLIMIT_AS, request.memory_bytes)
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (wanted, wanted))


if __name__ == "__main__":
    main()
