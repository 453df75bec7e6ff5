"""Takes the network from this process and from all that it will start."""

import ctypes
import errno
import platform
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _IS, _IS_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""linux/seccomp.h and linux/bpf_common.h: load a word of the call's data, jump on its value, decide."""

_AT_NUMBER, _AT_MACHINE, _AT_FIRST_ARGUMENT = 0, 4, 16
_X32_BIT = 0x40000000
_AF_UNIX = 1
_IO_URING_SETUP = 425
"""io_uring opens sockets without the call that is watched here."""

_ARM = (0x40000028, 281)
_MACHINES = {
    ("x86_64", 8): (0xC000003E, 41),
    ("aarch64", 8): (0xC00000B7, 198),
    # Programs of 32 bits on a kernel of 64, as Raspberry Pi OS has them.
    ("aarch64", 4): _ARM,
    ("armv7l", 4): _ARM,
}
"""By machine and bytes of a pointer: its name to the filter (linux/audit.h), and the number of socket(2) there."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def go_offline() -> bool:
    """From now on, here and in every program started from here, only local (AF_UNIX) sockets can be opened.

    socket(2) of any other kind fails with EACCES. Unlike ``image.confined.syscalls``, this lets programs be started.
    False when this machine or kernel offers no way to do it.
    """
    machine = (platform.machine(), struct.calcsize("P"))
    if machine not in _MACHINES:
        return False
    code = network_filter(*_MACHINES[machine])
    program = _Program(len(code) // 8, code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return bool(prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def network_filter(machine: int, socket_number: int) -> bytes:
    """The filter as the kernel takes it: instructions of eight bytes (struct sock_filter, linux/filter.h)."""
    denied, unknown = _ERRNO | errno.EACCES, _ERRNO | errno.ENOSYS
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, _AT_MACHINE),
            (_IS, 1, 0, machine),
            (_RETURN, 0, 0, _KILL),
            (_LOAD, 0, 0, _AT_NUMBER),
            (_IS_AT_LEAST, 1, 0, _X32_BIT),
            (_IS, 0, 1, _IO_URING_SETUP),
            (_RETURN, 0, 0, unknown),
            (_IS, 1, 0, socket_number),
            (_RETURN, 0, 0, _ALLOW),
            (_LOAD, 0, 0, _AT_FIRST_ARGUMENT),
            (_IS, 1, 0, _AF_UNIX),
            (_RETURN, 0, 0, denied),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
