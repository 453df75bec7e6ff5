"""The fork server: keeps what converting needs loaded, forks a child per job, and tells how each child ended.

It runs as a process of its own with its line to the service as standard input. It reads nothing of any scan. A job is
three sockets: one on which the service learns how the child ended and, by closing its end, has it killed; one for
request and answer and one for what the child prints, which are the child's alone.
"""

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from image.confined import child
from image.confined.exchange import End, Usage, end_to_json

SOCKETS: Final = 3
"""The descriptors that come with a job: for its end, for request and answer, for what the child prints."""

PRELOADED: Final = (
    "image.convert",
    "image.verify",
    "pypdf",
)
"""Measured (November 2026, x86-64, Python 3.11) in time that each job is spared and memory of the server's own:
the package and the standard library 42 ms and 10 MB, pypdf 50 and 9. Not Pillow, 10 ms and 2 MB, nor pikepdf, 25
and 3 (7 with its libraries): every child would count them, and who needs them takes much longer than that anyway."""

_PRESENT = b"-"
_OOM_SCORE = "250"
"""proc(5): the kernel, short of memory, takes a child first, then this process, and the service last."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A child that runs: its process, a descriptor that becomes readable when it ends, and where to tell that."""

    pid: int
    pidfd: int
    end: int


def main() -> None:
    """Serves until the service closes its end of standard input, or ends."""
    # A stop of the service reaches every process of its control group; children are ended by the service, job by job,
    # since an end by signal would be taken for a crash caused by the scan. They inherit this.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    gc.disable()
    load()
    with contextlib.suppress(Exception):  # what is wrong with it, the first job tells
        from image.confined.rehearsal import rehearse

        rehearse()
    gc.collect()
    gc.freeze()  # else a collection in a child would write to every page it shares with this process
    gc.enable()
    with socket.socket(fileno=0) as service, selectors.DefaultSelector() as selector:
        serve(service, selector)


def load() -> None:
    """Loads what every job needs, and no more: each child counts what this process holds."""
    # The standard library does without them. hashlib then takes the interpreter's own SHA-256: some kilobytes of a scan
    # are hashed, and OpenSSL takes 3 MB. shutil then knows two kinds of archive less; their libraries take a half.
    modules = cast("dict[str, object]", sys.modules)
    modules.update(dict.fromkeys(("_hashlib", "bz2", "lzma")))
    for name in PRELOADED:
        importlib.import_module(name)


def serve(service: socket.socket, selector: selectors.BaseSelector) -> None:
    """Takes jobs from ``service`` until it closes; then no child is left running."""
    jobs: set[_Job] = set()
    selector.register(service, selectors.EVENT_READ)
    try:
        while True:
            for key, _ in selector.select():
                job = key.data
                if job is None:
                    taken = socket.recv_fds(service, len(_PRESENT), SOCKETS)
                    if not taken[0]:
                        return
                    _start(taken[1], jobs, selector)
                elif job not in jobs:
                    continue  # it ended in this same round
                elif key.fd == job.pidfd:
                    jobs.remove(job)
                    _finish(job, selector)
                else:
                    # Nobody waits for it any more. What it was is told when it has ended, to whom that still concerns.
                    os.kill(job.pid, signal.SIGKILL)
                    selector.unregister(job.end)
    finally:
        for job in jobs:
            os.kill(job.pid, signal.SIGKILL)


def _start(sockets: Sequence[int], jobs: set[_Job], selector: selectors.BaseSelector) -> None:
    """Forks the child of a job. When there is no process to be had, the job ends with code ``EX_OSERR``."""
    end, talk, complaints = sockets
    server_pid = os.getpid()
    try:
        pid = os.fork()
        if pid == 0:
            child.run(server_pid, talk, complaints)
    except OSError:
        _tell(end, End(os.EX_OSERR, Usage(0, 0.0)))
        return
    finally:
        os.close(talk)
        os.close(complaints)
    job = _Job(pid, os.pidfd_open(pid), end)
    jobs.add(job)
    selector.register(job.pidfd, selectors.EVENT_READ, job)
    selector.register(job.end, selectors.EVENT_READ, job)


def _finish(job: _Job, selector: selectors.BaseSelector) -> None:
    _, status, used = os.wait4(job.pid, 0)
    selector.unregister(job.pidfd)
    os.close(job.pidfd)
    with contextlib.suppress(KeyError):
        selector.unregister(job.end)
    usage = Usage(peak_bytes=used.ru_maxrss * 1024, cpu_s=used.ru_utime + used.ru_stime)
    _tell(job.end, End(os.waitstatus_to_exitcode(status), usage))


def _tell(line: int, end: End) -> None:
    with contextlib.suppress(OSError):  # nobody may be there to hear it
        os.write(line, end_to_json(end))
    os.close(line)


if __name__ == "__main__":
    main()
