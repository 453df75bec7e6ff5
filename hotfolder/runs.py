"""Which pages of a series belong together: it is cut into runs of pages that follow each other in number and time."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hotfolder.pages import Page, PageRule, Progress
from hotfolder.unfinished import Unfinished

_NS: Final = 1_000_000_000
_JUMP: Final = 100
"""Numbers further apart than this are no sign of missing pages: another scan was numbered otherwise."""

Run = tuple[Page, ...]
"""Pages of one series in page order; each follows the one before it."""


def series_of(pages: Mapping[str, Page]) -> Iterator[list[Page]]:
    """Yield the pages of each series, by number."""
    found: dict[tuple[str, str], list[Page]] = {}
    for page in pages.values():
        found.setdefault(page.number.series, []).append(page)
    for one in found.values():
        yield sorted(one, key=lambda page: (page.number.index, len(page.number.digits)))


def runs_of(series: Sequence[Page], rule: PageRule) -> list[Run]:
    """Cut a series, sorted by number, into runs, in the order of their first pages; lost pages are in none.

    Pages may arrive out of order, but not when one of them took the place of another: then a lower number is the
    beginning of another scan. After 9999 a counter goes on with 0000 or 0001.
    """
    bursts = _bursts(series, rule)
    runs: list[list[Page]] = []
    for place, page in enumerate(series):
        if page.progress is Progress.LOST:
            continue
        is_here = bool(runs) and bursts[runs[-1][-1].name] == bursts[page.name]
        if is_here and _follows(runs[-1], series, place, rule):
            runs[-1].append(page)
        else:
            runs.append([page])
    last = runs[-1] if runs else []
    for first in runs[:-1][:2]:  # 0000, or 0001, is the lowest there can be
        end, beginning = last[-1], first[0]
        is_here = bursts[end.name] == bursts[beginning.name] and end.begun_s <= beginning.begun_s
        if end.number.is_wrapped(beginning.number) and is_here and is_near(end, beginning, rule):
            runs.remove(first)
            last.extend(first)
            break
    return [tuple(run) for run in runs]


def _bursts(series: Sequence[Page], rule: PageRule) -> dict[str, int]:
    """Number the stretches of time in which pages can be of one scan.

    Another begins after a pause longer than the gap, and when numbers that were there before begin again.
    """
    bursts: dict[str, int] = {}
    number, latest, end_s = 0, 0, -math.inf
    for page in sorted(series, key=lambda page: page.begun_s):
        if page.progress is Progress.LOST:
            continue
        index = page.number.index
        if page.begun_s > end_s + rule.gap_s or (page.is_again and index <= latest):
            number, end_s = number + 1, -math.inf
        latest, end_s = index, max(end_s, page.end_s)
        bursts[page.name] = number
    return bursts


def _follows(run: Sequence[Page], series: Sequence[Page], place: int, rule: PageRule) -> bool:
    """Tell whether the page at this place of its series follows the last one of a run."""
    before, page = run[-1], series[place]
    is_late = page.begun_s < before.begun_s
    if not before.number.is_next(page.number) or (page.is_again and not before.is_again):
        return False
    if is_near(before, page, rule):
        return True
    if before.is_old or page.is_old:
        return False
    # One of the two was overtaken by pages further on, or came after pages further back: these kept the scan going.
    later, others = (before, series[place:]) if is_late else (page, (*run, *series[place + 1 :]))
    kept_s = max(
        (one.end_s for one in others if one.begun_s < later.begun_s and one.progress is not Progress.LOST),
        default=-math.inf,
    )
    return later.begun_s <= kept_s + rule.gap_s


def is_near(one: Page, two: Page, rule: PageRule) -> bool:
    """Tell whether the pages were written within the gap of each other, though perhaps in the other order.

    Of pages whose beginning nobody saw the times of the files decide, and these must be in page order: two scans that
    lie there since the service was down must not become one. Both times must say so: a device may give all its files
    one mtime, and a page that was given back has the ctime of that.
    """
    if one.is_old or two.is_old:
        apart_ns = (two.mtime_ns - one.mtime_ns, two.arrived_ns - one.arrived_ns)
        return all(0 <= one_ns <= rule.gap_s * _NS for one_ns in apart_ns)
    first, later = (one, two) if one.begun_s <= two.begun_s else (two, one)
    return later.begun_s <= first.end_s + rule.gap_s


def has_gap(below: Run, above: Run, rule: PageRule) -> bool:
    """Tell whether pages seem to be missing between two runs: they came one after the other, and numbers lack."""
    lacking = above[0].number.index - below[-1].number.index - 1
    is_onwards = below[0].begun_s <= above[0].begun_s
    return 0 < lacking < _JUMP and is_onwards and is_near(below[-1], above[0], rule)


def is_beside(run: Run, upload: Unfinished, now_s: float, rule: PageRule) -> bool:
    """Tell whether an upload was under way within the gap of a run, so that it may become a page of it."""
    end_s = upload.changed_s if upload.is_still(now_s, rule.gap_s) else math.inf
    begun_s = min(page.begun_s for page in run)
    if upload.begun_s <= begun_s:
        return begun_s <= end_s + rule.gap_s
    return upload.begun_s <= max(page.end_s for page in run) + rule.gap_s


def cut_at(sizes_bytes: Sequence[int], rule: PageRule) -> int:
    """Return how many of these files, at least one, may be one scan: the first of them are."""
    total_bytes = 0
    for count, size_bytes in enumerate(sizes_bytes):
        total_bytes += size_bytes
        if count == rule.pages or (count and total_bytes > rule.size_bytes):
            return count
    return len(sizes_bytes)
