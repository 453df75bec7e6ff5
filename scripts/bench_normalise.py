"""Normalising: scangate's converter, what others do with the same scans, and a plain byte copy, in turn in one run.

Each contender is a process of its own with nothing else running; its output is removed before the next begins. Nobody
makes the output durable, the byte copy neither. Memory is the peak of the process that does the job, as wait4 tells it;
what scangate's fork server holds between jobs is told apart. A forked process counts with the pages it shares with
its parent; under ``own`` stands what is its own at the end. Nobody else decodes what is passed, so targets of speed
rest on the rows with ``check = "quick"``; those of memory hold for the service's own ``auto`` as well.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from normalise_bench.bombs import BOMBS, Bomb
from normalise_bench.catalogue import INPUTS, Input
from normalise_bench.contenders import COLD, CONTENDERS, COPY, PROVING, STREAMED_JPEG, WARM, Contender, Way, command_of
from normalise_bench.measure import Driver, Run, run_command
from normalise_bench.results import Blast, Result, Results, to_json
from normalise_bench.table import bomb_table, input_table, target_table
from normalise_bench.targets import targets_of

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "scripts" / "normalise_bench"
PEERS_PYTHON = Path(sys.executable)
SERVICE_PYTHON = ROOT / ".venv" / "bin" / "python"
ONCE_ABOVE_S = 2.0
"""A contender that takes longer is run once, unless a target rests on it."""

ALWAYS = frozenset({COPY, WARM, PROVING, COLD, STREAMED_JPEG})


class Bench:
    """One run of the benchmark over a folder of inputs; an output stands there for as long as it is looked at."""

    def __init__(self, folder: Path, rounds: int, *, is_all: bool) -> None:
        self.folder = folder
        self._out = folder / "out"
        self._log = folder / "log"
        self._rounds = rounds
        self._is_all = is_all
        self.results = Results()
        self.server_kib = 0

    def run_input(self, item: Input) -> None:
        """All contenders in turn, round by round."""
        sources = item.paths(self.folder)
        contenders = [
            one for one in CONTENDERS if item.key in one.inputs and (self._is_all or item.key not in one.slow)
        ]
        row = self.results.of[item.key] = {one.name: Result() for one in contenders}
        with ExitStack() as stack:
            drivers = {way: stack.enter_context(_driver(way)) for way in (Way.WARM, Way.PROVING, Way.CHILD, Way.COPY)}
            for way in (Way.WARM, Way.PROVING):
                drivers[way].run(sources, self._out)  # it starts what later scans find running
                self._clear()
            for number in range(self._rounds):
                for one in contenders:
                    result = row[one.name]
                    is_once = one.way is Way.COMMAND and one.name not in ALWAYS and item.key in one.slow
                    is_long = one.name not in ALWAYS and result.least_s > ONCE_ABOVE_S
                    if result.fault or (number and (is_once or is_long)):
                        continue
                    self._count(result, self._run(one, sources, drivers))
                    if not number:
                        self._look(one, result, item, sources)
                    self._clear()

    def run_bomb(self, bomb: Bomb) -> None:
        """One bomb for a cold worker."""
        with _driver(Way.COLD) as driver:
            run = driver.run([self.folder / bomb.name], self._out)
        self._clear()
        is_right = run.fault in bomb.faults or (not run.fault and bomb.is_harmless)
        self.results.blasts.append(Blast(bomb.name, bomb.title, run.wall_s, run.peak_kib, run.fault, is_right))

    def _run(self, one: Contender, sources: tuple[Path, ...], drivers: dict[Way, Driver]) -> Run:
        match one.way:
            case Way.COMMAND:
                return run_command(command_of(one, PEERS_PYTHON, sources, self._out), self._log)
            case Way.COLD:
                with _driver(one.way) as driver:
                    return driver.run(sources, self._out)
            case _:
                return drivers[one.way].run(sources, self._out)

    def _count(self, result: Result, run: Run) -> None:
        result.walls_s.append(run.wall_s)
        result.cpus_s.append(run.cpu_s)
        result.peak_kib = max(result.peak_kib, run.peak_kib)
        result.private_kib = max(result.private_kib, run.private_kib)
        result.fault = run.fault
        self.server_kib = max(self.server_kib, run.server_kib)

    def _look(self, one: Contender, result: Result, item: Input, sources: tuple[Path, ...]) -> None:
        """Whether the pictures in the output are those of the source."""
        if result.fault:
            return
        result.size_bytes = self._out.stat().st_size
        if one.name in {COPY, STREAMED_JPEG}:
            return
        command = [str(PEERS_PYTHON), str(HERE / "lossless.py"), str(self._out), str(item.pages), *map(str, sources)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        result.lossless = said.stdout.strip() or "?"

    def _clear(self) -> None:
        """Removes the output, and has the disk come to rest."""
        self._out.unlink(missing_ok=True)
        os.sync()


def _driver(way: Way) -> Driver:
    python = SERVICE_PYTHON if SERVICE_PYTHON.exists() else PEERS_PYTHON
    return Driver(python, "worker" if way in {Way.WARM, Way.COLD} else way.value)


def _lines(bench: Bench, chosen: list[str]) -> Iterator[str]:
    """Runs what is chosen and tells it, input by input."""
    for item in INPUTS:
        if item.key in chosen:
            bench.run_input(item)
            size_bytes = sum(path.stat().st_size for path in item.paths(bench.folder))
            yield from input_table(item, size_bytes, bench.results)
    if "bombs" in chosen:
        for bomb in BOMBS:
            bench.run_bomb(bomb)
        yield from bomb_table(bench.results.blasts)


def main() -> int:
    """Prints tables and targets; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench normalise", description=__doc__)
    keys = [*(item.key for item in INPUTS), "bombs"]
    parser.add_argument("--only", type=lambda text: text.split(","), default=keys, help=f"of {','.join(keys)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--all", action="store_true", help="the slow contenders too (an hour)")
    parser.add_argument("--json", type=Path, help="write everything there")
    asked = parser.parse_args()
    made = subprocess.run(
        [str(PEERS_PYTHON), str(HERE / "inputs.py"), str(ROOT / "var" / "bench")],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    bench = Bench(Path(made.stdout.strip()), asked.rounds, is_all=asked.all)
    for line in _lines(bench, asked.only):
        print(line, flush=True)
    targets = targets_of(bench.results)
    for line in target_table(targets):
        print(line)
    floor_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"scangate's fork server holds up to {bench.server_kib / 1024:.0f} MiB between jobs.")
    print(f"Memory below {floor_mib:.0f} MiB cannot be told: it is that of this script, from which the kernel counts.")
    if asked.json:
        report = to_json(
            bench.results, bench.server_kib, [{**asdict(target), "is_met": target.is_met} for target in targets]
        )
        asked.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0 if targets and all(target.is_met for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
