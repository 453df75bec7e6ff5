"""What a server costs: processor time and peak memory of a process and all that it started, from /proc (proc(5))."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS_S: Final = os.sysconf("SC_CLK_TCK")
_TREE: Final = slice(11, 15)  # utime, stime, cutime, cstime, counted from the field behind the name


def tree(pid: int) -> list[int]:
    """Return the ids of a process and its descendants that run now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return list(_below(pid, children))


def _below(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, []):
        yield from _below(child, children)


def cpu_s(pid: int) -> float:
    """Return the processor seconds, user and system, of a tree so far; those of its ended members too."""
    return sum(int(ticks) for member in tree(pid) for ticks in _stat(member)[_TREE]) / _TICKS_S


def forget_peak(pid: int) -> None:
    """Have peak memory count from now on. Needs root."""
    for member in tree(pid):
        _write(Path(f"/proc/{member}/clear_refs"), "5")


def peak_mib(pid: int) -> float:
    """Return the most resident memory each process of a tree had since ``forget_peak``, added up."""
    return sum(_peak_kib(member) for member in tree(pid)) / 1024


def _peak_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return
