"""The load: smtp-source, as many connections as asked for, a new one for each message as devices do; NOOP beside it."""

import contextlib
import math
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smtp_in_bench import spent
from smtp_in_bench.contenders import Server

from tests.peers.loopback import wait_until
from tests.peers.scanner import Device

_NOOP_EVERY_S: Final = 0.004
_NOOPS: Final = 40
"""In one connection: servers lose patience with those who say nothing else."""
_WITHIN_S: Final = 300
_LISTED_WITHIN_S: Final = 10
_SOURCE: Final = ("smtp-source", "-f", "printer@example.com", "-t", "office@example.com", "-M", "printer.example.com")


@dataclass(frozen=True, slots=True)
class Case:
    """So many messages of one size over so many connections at once."""

    size_bytes: int
    sessions: int
    messages: int

    @property
    def title(self) -> str:
        """As it stands in the table."""
        size = f"{self.size_bytes // 1000} KB" if self.size_bytes < 10**6 else f"{self.size_bytes // 10**6} MB"
        return f"{size}, {self.sessions} at once" if self.messages > 1 else f"one of {size}"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a case showed."""

    per_s: float
    cpu_ms_per_mb: float
    peak_mib: float
    worst_noop_ms: float


def run(case: Case, server: Server) -> Run:
    """Send the messages of a case, and count that every one of them was taken. Raises RuntimeError, TimeoutError."""
    before = server.taken()
    spent.forget_peak(server.pid)
    began_cpu_s = spent.cpu_s(server.pid)
    with _noops(server.port) as latencies_s:
        began_s = time.monotonic()
        _send(case, server.port)
        took_s = time.monotonic() - began_s
    wait_until(lambda: server.taken() - before >= case.messages, _LISTED_WITHIN_S, f"{server.name} lists what it took")
    used_s = spent.cpu_s(server.pid) - began_cpu_s
    megabytes = case.messages * case.size_bytes / 1e6
    return Run(
        case.messages / took_s,
        used_s * 1000 / megabytes,
        spent.peak_mib(server.pid),
        max(latencies_s, default=math.nan) * 1000,
    )


def warm_up(server: Server) -> None:
    """Have a server start whatever it starts with its first messages."""
    _send(Case(20_000, 4, 12), server.port)


def _send(case: Case, port: int) -> None:
    numbers = ("-s", str(case.sessions), "-m", str(case.messages), "-l", str(case.size_bytes))
    command = [*_SOURCE, *numbers, f"inet:127.0.0.1:{port}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN_S)
    if ended.returncode or ended.stderr:
        raise RuntimeError(ended.stderr)


@contextlib.contextmanager
def _noops(port: int) -> Iterator[list[float]]:
    """Say NOOP again and again meanwhile; the list fills with the seconds that each answer took."""
    latencies_s: list[float] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            with Device(port) as device:
                device.hear()
                device.ask(b"HELO noop.example.com\r\n")
                for _ in range(_NOOPS):
                    if stop.wait(_NOOP_EVERY_S):
                        break
                    began_s = time.perf_counter()
                    if not device.ask(b"NOOP\r\n").startswith(b"250"):
                        raise RuntimeError("NOOP was refused")
                    latencies_s.append(time.perf_counter() - began_s)
                device.ask(b"QUIT\r\n")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield latencies_s
    finally:
        stop.set()
        asking.join()
