"""The service under load and at rest: latency through a real smbd, idle cost, memory with many files, throughput."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotfolder_bench.service import Service

from conf.model import QUIET_S
from tests.peers import scans
from tests.peers.samba import Samba

DROPS: Final = 200
"""Through smbd, one after the other."""
PAUSE_S: Final = 0.35
"""Between two drops on average: a busy office."""
WAITING: Final = 10_000
BURST: Final = 2000
IDLE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Idle:
    """What an idle service costs: share of one core, and wake-ups a second of all its threads."""

    cpu_share: float
    wakeups: float


def scan(number: int) -> bytes:
    """A small whole scan whose size is its own: padded at its end, as devices pad to a block."""
    return _SCAN + bytes(number)


_SCAN: Final = scans.tiff_g4(size_px=(400, 560), dpi=50)


@contextmanager
def place() -> Iterator[tuple[Path, Path]]:
    """A folder for a service, and a share beside it, on the file system of this checkout's ``var``."""
    with tempfile.TemporaryDirectory(prefix="scangate-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        share = folder / "share"
        share.mkdir()
        yield folder, share


def latencies() -> list[float]:
    """Seconds from the answer to the client's close to the commit, less the quiet window, of each drop."""
    pace = random.Random(1)  # noqa: S311  drops come at any time, and at the same ones on every run
    closed: dict[int, float] = {}
    with place() as (folder, share), Samba(share) as samba, Service(folder, share) as service, samba.client() as device:
        for number in range(DROPS):
            content = scan(number)
            with device.open(f"SCN_{number:04d}.tif", content) as writer:
                writer.write()
            closed[len(content)] = time.time()
            time.sleep(pace.uniform(0, 2 * PAUSE_S))
        service.wait(lambda: len(service.accepted()) >= DROPS, 120)
        committed = {size_bytes: at for at, size_bytes in service.accepted()}
    return [committed[size_bytes] - at - QUIET_S["fast"] for size_bytes, at in closed.items()]


def idle() -> Idle:
    """Leave the service alone after it has settled."""
    with place() as (folder, share), Service(folder, share) as service:
        time.sleep(12)  # its first looks
        before = service.spent()
        time.sleep(IDLE_S)
        after = service.spent()
    return Idle((after.cpu_s - before.cpu_s) / IDLE_S, (after.switches - before.switches) / IDLE_S)


def waiting_rss_mib() -> tuple[float, float]:
    """Resident memory with an empty share, and with many files in it that wait for their retry."""
    cut = scans.truncated(_SCAN)
    with place() as (folder, share), Service(folder, share) as service:
        time.sleep(3)
        empty_mib = service.spent().rss_mib
        for number in range(WAITING):
            (share / f"{number:05d}.tif").write_bytes(cut)
        # The log tells of the first hundred only; STATUS.txt names ten and counts the rest.
        service.wait(lambda: f"And {WAITING - 10} more files" in _status(share), 300)
        return empty_mib, service.spent().rss_mib


def _status(share: Path) -> str:
    path = share / "STATUS.txt"
    return path.read_text(encoding="utf-8-sig") if path.exists() else ""


def drops_per_s() -> float:
    """Scans committed a second, from the first to the last of a burst, while the converter works on them."""
    with place() as (folder, share):
        for number in range(BURST):
            (share / f"{number:05d}.tif").write_bytes(scan(number))
        with Service(folder, share) as service:
            service.wait(lambda: len(service.accepted()) >= BURST, 300)
            at = [moment for moment, _ in service.accepted()]
    return float((len(at) - 1) / (max(at) - min(at)))
