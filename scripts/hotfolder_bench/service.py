"""The real service with one share and a Maildir, as a process whose log and figures can be read."""

import re
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
READY_WITHIN_S: Final = 60.0
POLL_S: Final = 0.05
_ACCEPTED: Final = re.compile(r"event=job-accepted .*?timestamp=(\S+) .*?size_bytes=(\d+)")
_CONFIG: Final = """
[gateway]
name = "bench.example.org"
state = "{folder}/state"
free_space = "1 MB"
[sender]
address = "scanner@example.com"
[[upstream]]
method = "maildir"
path = "{folder}/mailbox"
[[share]]
name = "scans"
path = "{share}"
to = ["office@example.com"]
profile = "fast"
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds and voluntary context switches of all threads of a process so far, and what it holds now."""

    cpu_s: float
    switches: int
    rss_mib: float


class Service:
    """One start of the service, below a folder; ends with its block."""

    def __init__(self, folder: Path, share: Path) -> None:
        self._log = folder / "log"
        config = folder / "gateway.toml"
        config.write_text(_CONFIG.format(folder=folder, share=share), encoding="utf-8")
        argv = [sys.executable, "-m", "gateway", "run", "--config", str(config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(argv, cwd=ROOT, stderr=log, start_new_session=True)
        self.wait(lambda: "event=service-ready" in self.log(), READY_WITHIN_S)

    def __enter__(self) -> Self:
        """Ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=120)

    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(encoding="utf-8")

    def accepted(self) -> list[tuple[float, int]]:
        """When (seconds since 1970) each scan was ours, on disk and off the share, and its size in bytes."""
        return [(datetime.fromisoformat(at).timestamp(), int(size)) for at, size in _ACCEPTED.findall(self.log())]

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait until something is so. Raises RuntimeError with the log when it takes too long or the service ends."""
        until_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until_s or self._process.poll() is not None:
                raise RuntimeError(f"not within {timeout_s:g} s\n{self.log()[-4000:]}")
            time.sleep(POLL_S)

    def spent(self) -> Spent:
        """Return its figures now; the converter's processes do not count."""
        process = Path(f"/proc/{self._process.pid}")
        cpu_s, switches = 0.0, 0
        for task in (process / "task").iterdir():
            # proc(5): schedstat's first number is time on the processor, in nanoseconds
            cpu_s += int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
            switches += int(_field(task / "status", "voluntary_ctxt_switches:"))
        return Spent(cpu_s, switches, int(_field(process / "status", "VmRSS:")) / 1024)


def _field(path: Path, name: str) -> str:
    lines = path.read_text(encoding="ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(name))
