"""What is to be reached, and whether the results reach it: ratios within one run, and memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from normalise_bench.contenders import COLD, COPY, IMG2PDF, PROVING, STREAMED_JPEG, WARM
from normalise_bench.results import Result, Results

SHARE_OF_IMG2PDF = 0.5
TIMES_COPY = 4.0
TIMES_STREAMED = 1.2
FLAT_MIB, MORE_PAGES_MIB, LARGE_PAGE_MIB, BOMB_MIB = 50.0, 20.0, 160.0, 60.0
BOMB_S = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach: ``value`` must not exceed ``limit``; None when it was not measured."""

    what: str
    value: float | None
    limit: float
    unit: str

    @property
    def is_met(self) -> bool | None:
        """None when it was not measured."""
        return None if self.value is None else self.value <= self.limit


def targets_of(results: Results) -> list[Target]:
    """Every target about the inputs that were run, in the order they are listed by."""
    return [target for target in _all(results) if target.value is not None]


def _all(results: Results) -> Iterator[Target]:
    for key in ("a", "d", "b"):
        warm, cold, copy = results.at(key, WARM), results.at(key, COLD), results.at(key, COPY)
        peers = [peer for peer in (results.at(key, name) for name in IMG2PDF) if peer is not None]
        best_s = min((peer.wall_s for peer in peers), default=None)
        best_mib = min((peer.peak_mib for peer in peers), default=None)
        yield Target(f"{key}: warm worker's wall to img2pdf's", _ratio(_wall(warm), best_s), SHARE_OF_IMG2PDF, "x")
        yield Target(f"{key}: cold worker's memory to img2pdf's", _ratio(_peak(cold), best_mib), SHARE_OF_IMG2PDF, "x")
        yield Target(f"{key}: warm worker's wall to a byte copy's", _ratio(_wall(warm), _wall(copy)), TIMES_COPY, "x")
    for key in ("b200", "f"):
        yield Target(f"{key}: memory", _peak(results.at(key, COLD)), FLAT_MIB, "MiB")
        yield Target(f"{key}: memory, check auto", _peak(results.at(key, PROVING)), FLAT_MIB, "MiB")
    a_mib, d_mib = _peak(results.at("a", COLD)), _peak(results.at("d", COLD))
    more_mib = d_mib - a_mib if a_mib is not None and d_mib is not None else None
    yield Target("d: memory beyond a's", more_mib, MORE_PAGES_MIB, "MiB")
    streamed = _wall(results.at("c", STREAMED_JPEG))
    yield Target(
        "c: warm worker's wall to Pillow's streamed JPEG",
        _ratio(_wall(results.at("c", WARM)), streamed),
        TIMES_STREAMED,
        "x",
    )
    yield Target("e: memory", _peak(results.at("e", COLD)), LARGE_PAGE_MIB, "MiB")
    for blast in results.blasts:
        yield Target(f"{blast.name}: wrong answers ({blast.fault or 'a page'})", float(not blast.is_right), 0, "")
        yield Target(f"{blast.name}: wall", blast.wall_s, BOMB_S, "s")
        yield Target(f"{blast.name}: memory", blast.peak_kib / 1024, BOMB_MIB, "MiB")


def _wall(result: Result | None) -> float | None:
    return result.wall_s if result else None


def _peak(result: Result | None) -> float | None:
    return result.peak_mib if result else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None
