"""The program by which the kernel refuses system calls, run here by an interpreter of its few instructions."""

import errno
import re
import struct
from pathlib import Path

import pytest

from image.confined.syscalls import DENIED, MACHINES, PRLIMIT64, TGKILL, program

KILL, ALLOW, EPERM, ENOSYS = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
ONLY_ON_X86 = {"fork", "vfork", "mknod", "iopl", "ioperm", "modify_ldt"}


def verdict(code: bytes, arch: int, number: int, *arguments: int) -> int:
    """What the program answers to a call (seccomp(2)); it must come to an answer, whatever the call."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    at = value = 0
    while True:
        kind, jump, else_jump, constant = struct.unpack_from("<HBBI", code, at)
        at += 8
        match kind:
            case 0x20:
                (value,) = struct.unpack_from("<I", data, constant)
            case 0x15:
                at += 8 * (jump if value == constant else else_jump)
            case 0x35:
                at += 8 * (jump if value >= constant else else_jump)
            case 0x06:
                return int(constant)
            case _:
                pytest.fail(f"no such instruction: {kind}")


@pytest.mark.parametrize("name", MACHINES)
def test_each_is_refused(name: str):
    """Every call of the list is refused, by its number on either machine, and all but those pass."""
    machine = MACHINES[name]
    code = program(machine, 77)
    numbers = {numbers[machine.column] for numbers in DENIED.values()} - {None}
    special = {435, TGKILL[machine.column], PRLIMIT64[machine.column]}
    for number in range(600):
        if number in special:
            continue
        assert verdict(code, machine.audit_arch, number) == (EPERM if number in numbers else ALLOW)
    assert verdict(code, machine.audit_arch, 435) == ENOSYS


@pytest.mark.parametrize("name", MACHINES)
def test_signals_go_to_itself_alone(name: str):
    """A process may abort; it may signal no other."""
    machine = MACHINES[name]
    code, number = program(machine, 77), TGKILL[machine.column]
    assert verdict(code, machine.audit_arch, number, 77, 77, 6) == ALLOW
    assert verdict(code, machine.audit_arch, number, 76, 76, 6) == EPERM
    assert verdict(code, machine.audit_arch, number, (1 << 32) + 77, 77, 6) == EPERM


@pytest.mark.parametrize("name", MACHINES)
def test_limits_are_read_only(name: str):
    """A process may read its own limits; it sets none, and no other's."""
    machine = MACHINES[name]
    code, number = program(machine, 77), PRLIMIT64[machine.column]
    assert verdict(code, machine.audit_arch, number, 0, 7, 0, 4096) == ALLOW
    assert verdict(code, machine.audit_arch, number, 0, 7, 4096, 0) == EPERM
    assert verdict(code, machine.audit_arch, number, 0, 7, 1 << 32, 0) == EPERM
    assert verdict(code, machine.audit_arch, number, 5, 7, 0, 4096) == EPERM


@pytest.mark.parametrize("name", MACHINES)
def test_other_numbers_end_the_process(name: str):
    """Calls by the numbers of another architecture, or of x32, are no way round."""
    machine = MACHINES[name]
    code = program(machine, 77)
    assert verdict(code, 0x40000003, 102) == KILL
    assert verdict(code, machine.audit_arch, 0x40000000 + 41) == KILL


@pytest.mark.parametrize("name", MACHINES)
def test_the_numbers_are_the_kernels(name: str):
    """Each call has the number that the kernel's own header gives it."""
    if not HEADERS[name].exists():
        pytest.skip("the kernel's headers are not installed")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[name].read_text(encoding="ascii")))
    column = MACHINES[name].column
    listed = DENIED | {"clone3": (435, 435), "tgkill": TGKILL, "prlimit64": PRLIMIT64}
    assert {call: numbers[column] for call, numbers in listed.items() if numbers[column] is not None} == {
        call: int(found[call]) for call in listed if name == "x86_64" or call not in ONLY_ON_X86
    }
