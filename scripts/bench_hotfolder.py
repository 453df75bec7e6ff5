"""The hot folder: latency through a real smbd, idle cost, memory, throughput, and other projects' rules on our drops.

    scripts/bench hotfolder                 all of it, 10 minutes; exit code 1 when a target is missed
    scripts/bench hotfolder latency idle    only these parts: latency, idle, waiting, drops, rules

Needs root and the packages of scripts/peers. Latency is measured three times and the middle run counts, since other
work on the machine makes it longer, never shorter.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the peers are those of the tests

from hotfolder_bench import load  # noqa: E402 -- found once the path is set
from hotfolder_bench.drops import DROPS  # noqa: E402 -- the same
from hotfolder_bench.replay import OURS, replay  # noqa: E402 -- the same
from hotfolder_bench.targets import Target  # noqa: E402 -- the same

RUNS = 3
MEDIAN_S, P99_S = 0.7, 1.5
CPU_PERCENT = 0.2
WAKEUPS = 5.0
"""A second: looks at one share every 10 s, and those of the stations, with room."""
RSS_MIB = 100.0


def latency() -> Iterator[Target]:
    """From the client's close to the commit."""
    runs = sorted((sorted(load.latencies()) for _ in range(RUNS)), key=statistics.median)
    for run in runs:
        ninety = run[len(run) * 90 // 100]
        print(
            f"close to commit beyond quiet, {len(run)} drops: least {run[0]:.3f}, median {statistics.median(run):.3f}, "
            f"p90 {ninety:.3f}, p99 {run[len(run) * 99 // 100 - 1]:.3f}, most {run[-1]:.3f} s"
        )
    middle = runs[RUNS // 2]
    yield Target("close to commit beyond quiet, median", statistics.median(middle), MEDIAN_S, "s")
    yield Target("close to commit beyond quiet, p99", middle[len(middle) * 99 // 100 - 1], P99_S, "s")


def idle() -> Iterator[Target]:
    """With nothing to do."""
    cost = load.idle()
    yield Target(f"processor when idle, over {load.IDLE_S:g} s", cost.cpu_share * 100, CPU_PERCENT, "%")
    yield Target("wake-ups a second when idle, all threads", cost.wakeups, WAKEUPS, "")


def waiting() -> Iterator[Target]:
    """With many files that wait."""
    empty_mib, full_mib = load.waiting_rss_mib()
    print(f"resident with an empty share {empty_mib:.1f} MiB, with {load.WAITING} files waiting {full_mib:.1f} MiB")
    yield Target(f"resident with {load.WAITING} files waiting", full_mib, RSS_MIB, "MiB")


def drops() -> Iterator[Target]:
    """How many scans a second."""
    print(f"committed a second of a burst of {load.BURST}, while they are delivered: {load.drops_per_s():.1f}")
    yield from ()


def rules() -> Iterator[Target]:
    """Early and broken claims, beside others."""
    tallies = replay()
    print(
        f"\nfiles taken early or broken / scans missed{'':14}"
        + "".join(f"{number:>6}" for number in range(1, len(DROPS) + 1))
    )
    for tally in tallies:
        cells = "".join(f"{f'{tally.bad(drop)}/{tally.missed(drop)}':>6}" for drop in DROPS)
        bad = sum(tally.bad(drop) > 0 for drop in DROPS if drop.is_in_facts)
        print(f"  {tally.name:34}bad in {bad} of 8 {'':5}{cells}")
    print("  " + "; ".join(f"{number} {drop.title}" for number, drop in enumerate(DROPS, start=1)) + "\n")
    ours = next(tally for tally in tallies if tally.name == OURS)
    yield Target("early or broken claims", float(sum(ours.bad(drop) for drop in DROPS)), 0, "")
    yield Target("scans missed", float(sum(ours.missed(drop) for drop in DROPS)), 0, "")


PARTS: dict[str, Callable[[], Iterator[Target]]] = {
    "latency": latency,
    "idle": idle,
    "waiting": waiting,
    "drops": drops,
    "rules": rules,
}


def main() -> int:
    """Measure the parts named, or all; print figures and targets; exit code 1 when one is missed."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"There is no part {', '.join(unknown)}. There are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    targets = [target for name in wanted for target in PARTS[name]()]
    for target in targets:
        print(target.line())
    return 0 if all(target.is_met for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
