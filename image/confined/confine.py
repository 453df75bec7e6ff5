"""Gives up, in a process that is to read hostile bytes, all that converting does not need."""

import contextlib
import ctypes
import errno
import functools
import os
import resource
import signal
import sys
from pathlib import Path

from image.confined import landlock
from image.confined.exchange import Request
from image.confined.syscalls import MACHINES, program

OPEN_FILES = 256
"""Files and parts of one scan that may be open at a time, with the process's own."""

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NICE = 10
_OOM_SCORE = b"500"
"""proc(5): half way to the most likely victim, so that the kernel takes this process and not the service."""

_FILE_SLACK_BYTES = 16 * 1024 * 1024
"""Above the output limit, so that the writer's own refusal, which says why, comes first."""

_INSTALLATION = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")
"""What the interpreter and its libraries may load late, besides its own folders."""

_LIBC = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def tie_to(parent_pid: int) -> bool:
    """Has the kernel kill this process when its parent ends; False when it has ended already."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent_pid


def confine(request: Request) -> None:
    """Leaves this process what ``request`` allows: memory, time, files, and neither network nor other processes.

    It may open the installation, the sources and the folder of ``out``, where the kernel has Landlock. It is the first
    that the kernel takes when memory is short. Nothing of this can be taken back, by whatever runs in this process.

    Raises ``OSError`` when the network cannot be kept away: no hostile byte is to be read then.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_FSIZE, request.limits.output_bytes + _FILE_SLACK_BYTES)
    # At the second limit the kernel kills, as it does when memory is short; at the first it says why.
    _limit(resource.RLIMIT_CPU, request.cpu_s, request.cpu_s + 1)
    _limit(resource.RLIMIT_AS, request.memory_bytes)
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        _write("/proc/self/oom_score_adj", _OOM_SCORE)
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _unconfined()
    # ``out`` by its own name too: it may be a link out of its folder.
    landlock.restrict((*installation(), *request.sources), (request.out.parent, request.out))
    if not filter_calls() and not leave_network():
        raise _unconfined()


@functools.cache
def installation() -> tuple[Path, ...]:
    """The folders and files of the interpreter, of this package and of what they load; none that lies in another."""
    found = {Path(name).resolve() for name in (sys.prefix, sys.base_prefix, *filter(None, sys.path), *_INSTALLATION)}
    return tuple(path for path in sorted(found) if found.isdisjoint(path.parents) and path.exists())


def filter_calls() -> bool:
    """Has the kernel refuse what ``syscalls`` denies; False where it cannot, or the machine is another."""
    machine = MACHINES.get(os.uname().machine)
    if machine is None or sys.maxsize < 2**32:
        return False  # a 32-bit program on a 64-bit kernel makes calls by other numbers
    code = program(machine, os.getpid())
    filters = _Program(len(code) // 8, code)
    return not _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filters), 0, 0)


def leave_network() -> bool:
    """Moves this process to a network of its own, without any interface that is up; False where it may not."""
    return not (_LIBC.unshare(_CLONE_NEWNET) and _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET))


def _write(path: str, data: bytes) -> None:
    # As text it would load a codec: 1 ms in each process.
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, data)
    finally:
        os.close(file)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(what)
    hard = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def _unconfined() -> OSError:
    return OSError(
        errno.EPERM,
        "this box cannot keep a conversion off the network (the kernel offers neither seccomp nor namespaces); "
        "scans wait until it can",
    )
