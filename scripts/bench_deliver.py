"""Delivery, side by side: scangate's station, aiosmtplib with EmailMessage, and Debian's Postfix.

    scripts/bench deliver                   three rounds of all, 4 minutes; exit code 1 when a target is missed
    scripts/bench deliver --rounds 1        fewer or more rounds
    scripts/bench deliver --only scangate   one sender alone (scangate, aiosmtplib, Postfix), without targets

Needs root and the packages of scripts/peers. Everything goes into one real Postfix with STARTTLS and AUTH, whose queue
is in memory, over three connections. Each sender stands ready with all scans before its time begins: scangate with jobs
in the state ready, Postfix with finished mails in its queue, aiosmtplib with the PDF. Rounds take turns, and the median
counts. All senders keep their own on one file system, made for the run below TMPDIR or /var/tmp: ext4 with a journal.
Postfix runs as it comes, which is one TLS handshake for each mail, and with smtp_tls_connection_reuse; what is to be
reached is a share of the faster of the two.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the peers are those of the tests

from deliver_bench.contenders import ALL, POSTFIX, REUSING, SCANGATE  # noqa: E402 -- found once the path is set
from deliver_bench.load import Run, run  # noqa: E402 -- the same
from deliver_bench.receiver import receiving  # noqa: E402 -- the same
from deliver_bench.scan import Case, make  # noqa: E402 -- the same
from hotfolder_bench.targets import Target  # noqa: E402 -- the same

from tests.peers.disk import Disk  # noqa: E402 -- the same

SMALL, MIDDLE, LARGE = Case(200_000, 300), Case(2_000_000, 60), Case(35_000_000, 1)
CASES = (SMALL, MIDDLE, LARGE)
DISK_BYTES = 3 << 30
SHARES = {SMALL: 1.0, MIDDLE: 0.9}
CPU_MS_PER_MB, PEAK_MIB = 12.0, 45.0
Results = dict[tuple[Case, str], list[Run]]


def measure(rounds: int, only: str) -> Results:
    """Run every case with every sender, so often."""
    results: Results = {}
    # Not /tmp, which may be in memory, where nothing is ever flushed.
    below = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108  only the name of the place
    with (
        tempfile.TemporaryDirectory(prefix="scangate-bench-", dir=below) as name,
        Disk(Path(name), DISK_BYTES) as disk,
        receiving() as receiver,
    ):
        Path(name).chmod(0o711)  # Postfix's daemons run as other users and must pass through
        tempfile.tempdir = str(disk.path)  # where Postfix is put
        wanted = [sender for sender in ALL if only in sender]
        for number in range(rounds):
            for turn, case in enumerate(CASES, number):
                first = turn % len(wanted)
                for sender in (*wanted[first:], *wanted[:first]):
                    with tempfile.TemporaryDirectory() as folder:
                        Path(folder).chmod(0o711)
                        scan = make(case.size_bytes, Path(folder))
                        results.setdefault((case, sender), []).append(run(sender, case, scan, receiver, Path(folder)))
                    print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    return results


def middle(results: Results) -> dict[tuple[Case, str], Run]:
    """Return the median of each figure."""
    return {
        key: Run(*(statistics.median(figures) for figures in zip(*map(_figures, runs), strict=True)))
        for key, runs in results.items()
    }


def _figures(one: Run) -> tuple[float, float, float, float]:
    return one.per_s, one.cpu_ms_per_mb, one.peak_mib, one.grown_mib


def targets(found: dict[tuple[Case, str], Run]) -> Iterable[Target]:
    """What is to be reached."""
    for case, share in SHARES.items():
        postfix = max(found[case, name].per_s for name in (POSTFIX, REUSING))
        rate = found[case, SCANGATE].per_s / postfix
        yield Target(f"{case.title}: of Postfix's rate", rate, share, "", at_least=True)
    yield Target(f"{MIDDLE.title}: processor", found[MIDDLE, SCANGATE].cpu_ms_per_mb, CPU_MS_PER_MB, "ms/MB")
    yield Target(f"{LARGE.title}: peak resident", found[LARGE, SCANGATE].peak_mib, PEAK_MIB, "MiB")


def main() -> int:
    """Measure, print figures and targets; exit code 1 when one is missed."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    wanted = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    found = middle(measure(wanted.rounds, wanted.only))
    print(f"{'':14}{'':20}{'a second':>10}{'CPU ms/MB':>11}{'peak MiB':>10}{'grown MiB':>11}")
    for (case, name), one in found.items():
        print(
            f"{case.title:14}{name:20}{one.per_s:10.1f}{one.cpu_ms_per_mb:11.1f}"
            f"{one.peak_mib:10.1f}{one.grown_mib:11.1f}"
        )
    if wanted.only:
        return 0
    reached = list(targets(found))
    for target in reached:
        print(target.line())
    return 0 if all(target.is_met for target in reached) else 1


if __name__ == "__main__":
    sys.exit(main())
