"""Which files a process may still open, held by the kernel (landlock(7)) where it knows how."""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on every architecture."""

_VERSION_ONLY = 1
_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8, 1 << 14
_READ = _READ_FILE | _READ_DIR
_FILE = _WRITE_FILE | _READ_FILE | _TRUNCATE
_FOLDER = _FILE | _READ_DIR | _REMOVE_FILE | _MAKE_REG

_HANDLED = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many kinds of access to files a version of the interface knows; 16 from version 5 on."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of the interface that this kernel offers; 0 when it has none, or has it switched off."""
    return max(0, int(_LIBC.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(1))))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """From now on this process opens only these files, and those in these folders; False where the kernel cannot.

    In a writable folder files may also be made and removed. What is open stays open; what does not exist is left out.
    The caller has set PR_SET_NO_NEW_PRIVS. Where the kernel knows how, TCP, abstract sockets and signals to other
    processes are gone as well. Raises ``OSError`` when the kernel offers it and then refuses.
    """
    offered = version()
    if not offered:
        return False
    handled = (1 << _HANDLED.get(offered, 16)) - 1
    ruleset = _create(offered, handled)
    try:
        for path in readable:
            _allow(ruleset, path, _READ, handled)
        for path in writable:
            _allow(ruleset, path, _FOLDER, handled)
        if _LIBC.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint(0)):
            raise _failure()
    finally:
        os.close(ruleset)
    return True


def _create(offered: int, handled: int) -> int:
    # struct landlock_ruleset_attr: access to files; from version 4 on to TCP (bind, connect); from 6 on abstract
    # sockets and signals. An older kernel takes no longer struct than it knows.
    network, scoped = 0b11, 0b11
    attributes = struct.pack("=QQQ", handled, network, scoped)[: 8 if offered < 4 else 16 if offered < 6 else 24]  # noqa: PLR2004
    size = ctypes.c_size_t(len(attributes))
    ruleset = int(_LIBC.syscall(ctypes.c_long(_CREATE_RULESET), attributes, size, ctypes.c_uint(0)))
    if ruleset < 0:
        raise _failure()
    return ruleset


def _allow(ruleset: int, path: Path, access: int, handled: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it stays closed, and whoever opens it learns why
    try:
        allowed = access & handled & (-1 if stat.S_ISDIR(os.fstat(descriptor).st_mode) else _FILE)
        beneath = struct.pack("=Qi", allowed, descriptor)
        rule = ctypes.c_int(_PATH_BENEATH)
        if _LIBC.syscall(ctypes.c_long(_ADD_RULE), ctypes.c_int(ruleset), rule, beneath, ctypes.c_uint(0)):
            raise _failure()
    finally:
        os.close(descriptor)


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"the kernel does not restrict access to files: {os.strerror(number)}")
