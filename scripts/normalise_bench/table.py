"""The results as text of at most 110 columns: a table for each input, the bombs, and the targets."""

from collections.abc import Iterator, Sequence

from normalise_bench.catalogue import Input
from normalise_bench.contenders import COPY
from normalise_bench.results import Blast, Result, Results
from normalise_bench.targets import Target

_HEAD = (
    f"{'':26}{'wall s':>9}{'least s':>9}{'x copy':>8}{'CPU s':>9}{'peak MiB':>10}{'own MiB':>9}{'out MB':>9}  lossless"
)


def input_table(item: Input, size_bytes: int, results: Results) -> Iterator[str]:
    """The lines of one input."""
    row = results.of.get(item.key, {})
    yield f"{item.key}: {item.title} ({size_bytes / 1e6:.1f} MB)"
    yield _HEAD
    copy = results.at(item.key, COPY)
    for name, result in row.items():
        yield f"{name:26}{_figures(result, copy)}"
    yield ""


def _figures(result: Result, copy: Result | None) -> str:
    if result.fault:
        return f"  {result.fault[:80]}"
    own = f"{result.private_kib / 1024:9.1f}" if result.private_kib else f"{'-':>9}"
    times = f"{result.wall_s / copy.wall_s:8.1f}" if copy else f"{'-':>8}"
    return (
        f"{result.wall_s:9.4f}{result.least_s:9.4f}{times}{result.cpu_s:9.3f}{result.peak_mib:10.1f}{own}"
        f"{result.size_bytes / 1e6:9.1f}  {result.lossless}"
    )


def bomb_table(blasts: Sequence[Blast]) -> Iterator[str]:
    """The lines of the bombs."""
    yield f"{'bombs, cold worker':44}{'wall s':>9}{'peak MiB':>10}  answer"
    for blast in blasts:
        wrong = "" if blast.is_right else "  WRONG"
        yield f"{blast.title:44}{blast.wall_s:9.3f}{blast.peak_kib / 1024:10.1f}  {blast.fault or 'a page'}{wrong}"
    yield ""


def target_table(targets: Sequence[Target]) -> Iterator[str]:
    """The lines of the targets: the inputs' one by one, those of the bombs only where one is missed."""
    kept = [target for target in targets if not target.what.startswith("bomb-") or not target.is_met]
    for target in kept:
        verdict = "met" if target.is_met else "MISSED"
        yield f"{target.what:58}{target.value:9.2f} {target.unit:4}at most {target.limit:6.1f} {target.unit:4}{verdict}"
    missed = sum(not target.is_met for target in targets)
    yield f"{len(targets)} targets, {missed} missed"
