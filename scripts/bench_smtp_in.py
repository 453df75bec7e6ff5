"""SMTP in, side by side: scangate, stock aiosmtpd with the same durable handler, and Debian's Postfix.

    scripts/bench smtp-in                   three rounds of all, 3 minutes; exit code 1 when a target is missed
    scripts/bench smtp-in --rounds 1        fewer or more rounds
    scripts/bench smtp-in --only scangate   one server alone (scangate, aiosmtpd, Postfix), without targets

Needs root and the packages of scripts/peers. Each server only accepts, durably: Postfix puts what comes on hold, and
the stations behind our door are not started. Rounds take turns among the servers, and the median counts. All write to
one file system, made for the run below TMPDIR or /var/tmp: ext4 with a journal, as a box has; without one a flush costs
much less, and a file more.
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

from hotfolder_bench.targets import Target  # noqa: E402 -- found once the path is set
from smtp_in_bench.contenders import POSTFIX, SCANGATE, STOCK, running  # noqa: E402 -- the same
from smtp_in_bench.load import Case, Run, run, warm_up  # noqa: E402 -- the same

from tests.peers.disk import Disk  # noqa: E402 -- the same

CASES = (
    Case(200_000, 1, 200),
    Case(200_000, 4, 300),
    Case(2_000_000, 1, 40),
    Case(2_000_000, 4, 60),
    Case(48_000_000, 1, 1),
)
DISK_BYTES = 6 << 30
SMALL_SHARE, BIG_SHARE, OF_STOCK = 0.8, 1.0, 4.0
PEAK_MIB, NOOP_MS = 45.0, 50.0
Results = dict[tuple[Case, str], list[Run]]


def measure(rounds: int, only: str) -> Results:
    """Run every case on every server, so often."""
    results: Results = {}
    # Not /tmp, which may be in memory, where nothing is ever flushed.
    below = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108  only the name of the place
    with (
        tempfile.TemporaryDirectory(prefix="scangate-bench-", dir=below) as name,
        Disk(Path(name), DISK_BYTES) as disk,
    ):
        Path(name).chmod(0o711)  # Postfix's daemons run as other users and must pass through
        tempfile.tempdir = str(disk.path)  # where Postfix is put
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
                wanted = [server for server in servers if only in server.name]
                for server in wanted:
                    warm_up(server)
                for turn, case in enumerate(CASES, number):
                    first = turn % len(wanted)
                    for server in (*wanted[first:], *wanted[:first]):
                        results.setdefault((case, server.name), []).append(run(case, server))
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
    return one.per_s, one.cpu_ms_per_mb, one.peak_mib, one.worst_noop_ms


def targets(found: dict[tuple[Case, str], Run]) -> Iterable[Target]:
    """What is to be reached."""
    for case in CASES:
        ours, stock, postfix = (found[case, name] for name in (SCANGATE, STOCK, POSTFIX))
        if case.messages > 1:
            share = SMALL_SHARE if case.size_bytes < 10**6 else BIG_SHARE
            yield Target(f"{case.title}: of Postfix's rate", ours.per_s / postfix.per_s, share, "", at_least=True)
            yield Target(f"{case.title}: of stock's rate", ours.per_s / stock.per_s, OF_STOCK, "", at_least=True)
        yield Target(f"{case.title}: peak resident", ours.peak_mib, PEAK_MIB, "MiB")
        yield Target(f"{case.title}: worst NOOP", ours.worst_noop_ms, NOOP_MS, "ms")


def main() -> int:
    """Measure, print figures and targets; exit code 1 when one is missed."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    wanted = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    found = middle(measure(wanted.rounds, wanted.only))
    print(f"{'':20}{'':18}{'a second':>10}{'CPU ms/MB':>11}{'peak MiB':>10}{'worst NOOP ms':>15}")
    for (case, name), one in found.items():
        print(
            f"{case.title:20}{name:18}{one.per_s:10.1f}{one.cpu_ms_per_mb:11.1f}"
            f"{one.peak_mib:10.1f}{one.worst_noop_ms:15.1f}"
        )
    if wanted.only:
        return 0
    reached = list(targets(found))
    for target in reached:
        print(target.line())
    return 0 if all(target.is_met for target in reached) else 1


if __name__ == "__main__":
    sys.exit(main())
