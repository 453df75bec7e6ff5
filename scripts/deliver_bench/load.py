"""One run: a sender is told to begin, and measured until it is done with its last scan."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deliver_bench.contenders import standing
from deliver_bench.receiver import Receiver
from deliver_bench.scan import Case, Scan
from smtp_in_bench import spent

from tests.peers.loopback import wait_until

_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a case showed; megabytes are of the PDF. ``grown_mib``: peak above what stood before."""

    per_s: float
    cpu_ms_per_mb: float
    peak_mib: float
    grown_mib: float


def run(name: str, case: Case, scan: Scan, receiver: Receiver, folder: Path) -> Run:
    """Send the scans of a case, and count that the smarthost took each once. Raises RuntimeError, TimeoutError."""
    before = receiver.taken()
    with standing(name, case, scan, receiver, folder) as sender:
        spent.forget_peak(sender.pid)
        stood_mib = spent.peak_mib(sender.pid)
        began_cpu_s = spent.cpu_s(sender.pid)
        began_s = time.monotonic()
        sender.begin()
        wait_until(lambda: sender.done() >= case.scans, _WITHIN_S, f"{name} is done with {case.title}")
        took_s = time.monotonic() - began_s
        used_s = spent.cpu_s(sender.pid) - began_cpu_s
        peak_mib = spent.peak_mib(sender.pid)
    if receiver.taken() - before != case.scans:
        raise RuntimeError(f"{name} sent {receiver.taken() - before} of {case.scans}")
    megabytes = case.scans * case.size_bytes / 1e6
    return Run(case.scans / took_s, used_s * 1000 / megabytes, peak_mib, peak_mib - stood_mib)
