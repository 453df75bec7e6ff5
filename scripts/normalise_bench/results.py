"""What was measured: the runs of each contender on each input, and what came of each bomb."""

import statistics
from dataclasses import dataclass, field
from typing import Any

MIB = 1024
"""KiB in one."""


@dataclass(slots=True)
class Result:
    """A contender on an input: its timed runs, and what is seen once.

    ``lossless`` is ``yes``, ``no`` or what is wrong with the output; ``fault`` why there is none.
    """

    walls_s: list[float] = field(default_factory=list)
    cpus_s: list[float] = field(default_factory=list)
    peak_kib: int = 0
    private_kib: int = 0
    size_bytes: int = 0
    lossless: str = "-"
    fault: str = ""

    @property
    def wall_s(self) -> float:
        """The median."""
        return statistics.median(self.walls_s) if self.walls_s else float("nan")

    @property
    def least_s(self) -> float:
        """The quickest run."""
        return min(self.walls_s, default=float("nan"))

    @property
    def cpu_s(self) -> float:
        """The mean: the kernel counts some of it in steps of 10 ms."""
        return statistics.fmean(self.cpus_s) if self.cpus_s else float("nan")

    @property
    def peak_mib(self) -> float:
        """The peak resident memory of the process that does the job."""
        return self.peak_kib / MIB


@dataclass(frozen=True, slots=True)
class Blast:
    """What came of a bomb: ``fault`` is empty when a page was made of it."""

    name: str
    title: str
    wall_s: float
    peak_kib: int
    fault: str
    is_right: bool


@dataclass(slots=True)
class Results:
    """All of it, by input's letter and contender's name, in the order of the run."""

    of: dict[str, dict[str, Result]] = field(default_factory=dict)
    blasts: list[Blast] = field(default_factory=list)

    def at(self, key: str, name: str) -> Result | None:
        """The contender's result on an input, when it has one."""
        result = self.of.get(key, {}).get(name)
        return result if result is not None and result.walls_s and not result.fault else None


def to_json(results: Results, server_kib: int, targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything, as JSON takes it."""
    inputs = {
        key: {
            name: {
                "walls_s": result.walls_s,
                "cpu_s": result.cpus_s,
                "peak_kib": result.peak_kib,
                "size_bytes": result.size_bytes,
                "lossless": result.lossless,
                "fault": result.fault,
            }
            for name, result in row.items()
        }
        for key, row in results.of.items()
    }
    bombs = [
        {
            "name": blast.name,
            "wall_s": blast.wall_s,
            "peak_kib": blast.peak_kib,
            "fault": blast.fault,
            "is_right": blast.is_right,
        }
        for blast in results.blasts
    ]
    return {"inputs": inputs, "bombs": bombs, "server_kib": server_kib, "targets": targets}
