"""The system calls a converting process may not make, and the program by which the kernel refuses them."""

import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of processor as seccomp(2) names it, and the place of its numbers in ``DENIED``."""

    audit_arch: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}
"""By ``uname``'s machine: AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h."""

Numbers = tuple[int | None, int | None]

NETWORK: dict[str, Numbers] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
}
"""The child's two sockets are written to with write(2), which can address nobody and pass no descriptor."""

PROGRAMS: dict[str, Numbers] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "clone": (56, 220),
    "unshare": (272, 97),
    "setns": (308, 268),
    "personality": (135, 92),
}
"""No program, no process, no thread: none of the decoders starts one."""

OTHERS: dict[str, Numbers] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setrlimit": (160, 164),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
"""What reaches into another process of the same user, the service before all."""

KERNEL: dict[str, Numbers] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "fanotify_init": (300, 262),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
"""What a user may not do anyway, but root might; and the parts of the kernel where most ways to become root were."""

DENIED = NETWORK | PROGRAMS | OTHERS | KERNEL
"""Numbers on x86-64 and on 64-bit ARM (Linux 6.1: asm/unistd_64.h, asm-generic/unistd.h); None where it is missing."""

CLONE3 = 435
"""On both. Its flags lie in memory, where no filter sees them; the C library takes ENOSYS and turns to clone."""

TGKILL = (234, 131)
PRLIMIT64 = (302, 261)

_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K (linux/bpf_common.h)."""

_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
"""struct seccomp_data (linux/seccomp.h): the number, the architecture, the instruction's address, six arguments."""


def program(machine: Machine, pid: int) -> bytes:
    """The filter for process ``pid`` as ``struct sock_filter``s (linux/filter.h), eight bytes each.

    All that ``DENIED`` names fails with EPERM. The process may send signals to itself alone (abort does), and read
    its own limits, not set them. Calls by another architecture's numbers end the process.
    """
    refusal = _ERROR | errno.EPERM
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, _ARCH_AT),
            (_EQUAL, 1, 0, machine.audit_arch),
            (_RETURN, 0, 0, _KILL),
            (_LOAD, 0, 0, _NUMBER_AT),
            # x32 (x86-64 only): the same calls by other numbers; no machine has so many others.
            (_AT_LEAST, 0, 1, _X32_BIT),
            (_RETURN, 0, 0, _KILL),
            *_answered(CLONE3, _ERROR | errno.ENOSYS),
            *(
                instruction
                for numbers in DENIED.values()
                for instruction in _answered(numbers[machine.column], refusal)
            ),
            *_allowed_when(TGKILL[machine.column], ((0, pid),), refusal),
            *_allowed_when(PRLIMIT64[machine.column], ((0, 0), (2, 0)), refusal),
            (_RETURN, 0, 0, _ALLOW),
        )
    )


def _answered(number: int | None, answer: int) -> Iterator[tuple[int, int, int, int]]:
    if number is None:
        return
    yield (_EQUAL, 0, 1, number)
    yield (_RETURN, 0, 0, answer)


def _allowed_when(
    number: int, arguments: tuple[tuple[int, int], ...], refusal: int
) -> Iterator[tuple[int, int, int, int]]:
    """Call ``number`` passes when the arguments, by their place, have these values (in 64 bits)."""
    words = [
        (_ARGUMENTS_AT + 8 * place + 4 * half, value >> 32 * half & 0xFFFFFFFF)
        for place, value in arguments
        for half in (0, 1)
    ]
    yield (_EQUAL, 0, 2 * len(words) + 2, number)
    for at, (offset, value) in enumerate(words):
        yield (_LOAD, 0, 0, offset)
        yield (_EQUAL, 0, 2 * (len(words) - at) - 1, value)
    yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, refusal)
