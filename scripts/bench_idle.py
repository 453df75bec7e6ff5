"""The idle service: seconds to ready, resident memory, processor time and wake-ups; median of several starts."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STARTS = 5
IDLE_S = 20.0
READY_WITHIN_S = 30.0

CONFIG = """
[gateway]
name = "bench.example.org"
state = "state"
[sender]
address = "scanner@example.com"
[[upstream]]
method = "client-auth"
username = "scanner@example.com"
auth = "password"
password = "none"
[[share]]
name = "scans"
path = "share"
to = ["office@example.com"]
[[smtp]]
listen = "127.0.0.1:0"
clients = ["127.0.0.1"]
recipients = ["example.com"]
"""


@dataclass(frozen=True, slots=True)
class Idle:
    """One start: what it took and what it holds."""

    ready_s: float
    rss_kib: int
    cpu_s: float
    switches: int


def measure(folder: Path, idle_s: float) -> Idle:
    """Start the service once, let it idle, and return the figures. Raises RuntimeError when it does not come up."""
    (folder / "share").mkdir(exist_ok=True)
    config = folder / "gateway.toml"
    config.write_text(CONFIG, encoding="utf-8")
    log = folder / "log"
    began = time.monotonic()
    with log.open("wb") as stderr:
        service = subprocess.Popen(
            [sys.executable, "-m", "gateway", "run", "--config", str(config)], cwd=ROOT, stderr=stderr
        )
    try:
        while b"service-ready" not in log.read_bytes():
            if time.monotonic() - began > READY_WITHIN_S or service.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(0.002)
        ready_s = time.monotonic() - began
        before = spent(service.pid)
        time.sleep(idle_s)
        after = spent(service.pid)
        status = Path(f"/proc/{service.pid}/status").read_text(encoding="ascii")
        rss_kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
        return Idle(ready_s, rss_kib, after[0] - before[0], after[1] - before[1])
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=30)


def spent(pid: int) -> tuple[float, int]:
    """Return processor seconds and voluntary context switches of all threads of a process so far."""
    cpu_s, switches = 0.0, 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        cpu_s += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        status = (task / "status").read_text(encoding="ascii").splitlines()
        switches += int(next(line.split()[1] for line in status if line.startswith("voluntary_ctxt_switches")))
    return cpu_s, switches


def main() -> int:
    """Print the figures beside what is to be reached; exit code 1 when one is missed."""
    runs = []
    for start in range(STARTS):
        with tempfile.TemporaryDirectory(prefix="scangate-bench-") as name:
            runs.append(measure(Path(name), IDLE_S if start == 0 else 1.0))
    ready_s = statistics.median(run.ready_s for run in runs)
    rss_mib = max(run.rss_kib for run in runs) / 1024
    idle = runs[0]
    print(f"ready after    {ready_s:6.2f} s    (median of {STARTS}; to reach: under 1 s)")
    print(f"resident       {rss_mib:6.1f} MiB  (highest of {STARTS}; to reach: under 60 MiB)")
    print(f"processor      {idle.cpu_s / IDLE_S * 100:6.2f} %    of one core, over {IDLE_S:.0f} s idle")
    print(f"wake-ups       {idle.switches / IDLE_S:6.1f} a second, all threads")
    return 0 if ready_s < 1.0 and rss_mib < 60.0 else 1  # noqa: PLR2004  the figures printed above


if __name__ == "__main__":
    sys.exit(main())
