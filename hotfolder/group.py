"""Which finished files are pages of one scan, and when that scan is complete.

Without batching each file is a scan. With ``batch = "sequence"`` files that are numbered on are its pages; when in
doubt they are not, for a page too many goes to the wrong person, and one too few only annoys.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hotfolder import page_notes
from hotfolder.arrival import Hold
from hotfolder.names import split_key
from hotfolder.numbering import Numbered, natural_key, upload_of
from hotfolder.pages import Followed, Page, PageRule, Progress, follow, given_up_s
from hotfolder.runs import Run, cut_at, has_gap, is_beside, is_near, runs_of, series_of
from hotfolder.settle import History
from hotfolder.track import Outlook
from hotfolder.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class Scan:
    """Files to be taken together, by their keys and in page order; the rest as in ``Arrival``."""

    keys: tuple[str, ...]
    rejected: str = ""
    notes: tuple[str, ...] = ()
    called: str = ""


Said = Mapping[str, tuple[int, tuple[str, ...]]]
"""Of files, by key: the inode, and the notes of the scan that each was in when it was last offered."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a look comes to: the complete scans, and the outlook, which also counts the files that wait for theirs.

    ``said``: of files in sub-folders, what their mail is to say whenever it goes.
    """

    scans: tuple[Scan, ...]
    outlook: Outlook
    said: Said = field(default_factory=dict)


def each_alone(outlook: Outlook) -> Grouping:
    """Make every file a scan."""
    return Grouping(tuple(Scan((key,), step.rejected) for key, step in outlook.ready), outlook)


def in_sequence(
    known: Followed,
    histories: Mapping[str, History],
    unfinished: Mapping[str, Unfinished],
    outlook: Outlook,
    now_s: float,
    rule: PageRule,
) -> tuple[Grouping, Followed]:
    """Decide which scans of a share are complete when files that are numbered on are pages; and what to know next time.

    Whatever a look finds ready is in exactly one scan, or waits for one, and not without end: for ``gap_s`` after its
    last page, and for ``hold_s`` after the beginning of a page, or of an upload that may become one, that does not come
    to its end.
    """
    followed = follow(known, histories, unfinished, outlook, now_s, rule)
    scans = [Scan((key,), step.rejected) for key, step in outlook.ready if step.rejected or key not in followed.pages]
    heads, tails = dict(followed.heads), dict(followed.tails)
    uploads = _uploads(unfinished, followed.pages)
    for pages in series_of(followed.pages):
        newest_again_s = max((page.begun_s for page in pages if page.is_again), default=-math.inf)
        stem, suffix = pages[0].number.series
        mine = [one for one in uploads.get(stem, ()) if one.number.suffix in {"", suffix}]
        series = _Series(pages, runs_of(pages, rule), mine, heads, tails, newest_again_s, now_s, rule)
        series.note()
        for found in series.decide():
            if isinstance(found, Scan):
                scans.append(found)
            else:
                outlook = _counted(outlook, found)
    return Grouping(in_order(scans, outlook), outlook), replace(followed, heads=heads, tails=tails)


def in_order(scans: Iterable[Scan], outlook: Outlook) -> tuple[Scan, ...]:
    """Sort scans as the look found the first of their files ready."""
    place = {key: number for number, (key, _) in enumerate(outlook.ready)}
    return tuple(sorted(scans, key=lambda scan: min(place[key] for key in scan.keys)))


@dataclass(frozen=True, slots=True)
class _Upload:
    """What may become a page: ``number`` is what its name will say, without a suffix when that is not known."""

    key: str
    number: Numbered
    state: Unfinished

    def given_up_s(self, rule: PageRule) -> float:
        """Return when it is not waited for any more, as ``pages.given_up_s``."""
        if self.state.is_gone:
            return math.inf  # until the next look
        return self.state.changed_s + rule.gap_s if self.state.is_empty else self.state.begun_s + rule.hold_s


def _uploads(unfinished: Mapping[str, Unfinished], pages: Mapping[str, Page]) -> dict[str, list[_Upload]]:
    """Return what is unfinished and no page yet, by the stem of the series that it may belong to."""
    found: dict[str, list[_Upload]] = {}
    for key, state in unfinished.items():
        number = upload_of(key)
        if number is not None and key not in pages:
            found.setdefault(number.stem, []).append(_Upload(key, number, state))
    return found


@dataclass(frozen=True, slots=True)
class _Waits:
    """Pages that wait for more: until ``until_s`` at the latest, or for ``held_by``, a file that is itself held."""

    run: Run
    until_s: float
    held_by: str = ""


def _counted(outlook: Outlook, waits: _Waits) -> Outlook:
    """Count pages that wait: as on their way, or as held together with the page that holds them up."""
    due_s = min(outlook.due_s, waits.until_s)
    if not waits.held_by:
        return replace(outlook, due_s=due_s, is_pending=True)
    first = next(page for page in waits.run if page.progress is not Progress.COMING)
    reason = page_notes.waiting(waits.held_by)
    return replace(outlook, due_s=due_s, held={**outlook.held, first.name: (Hold.PAGES, reason)})


@dataclass(frozen=True, slots=True)
class _Series:
    """The pages of one series at one look; ``heads`` and ``tails`` as in ``Followed``, added to."""

    pages: Sequence[Page]
    runs: Sequence[Run]
    uploads: Sequence[_Upload]
    heads: dict[str, str]
    tails: dict[str, str]
    newest_again_s: float
    now_s: float
    rule: PageRule

    def note(self) -> None:
        """Note what is to be said of the runs, whenever they will be complete: the pages around them may be gone."""
        for lower, upper in pairwise(self.runs):
            if has_gap(lower, upper, self.rule):
                self.tails[lower[-1].name] = page_notes.missing_after(lower[-1].number, upper[0].number)
                self.heads[upper[0].name] = page_notes.missing_before(lower[-1].number, upper[0].number)
        for below, above in pairwise(self.pages):
            if not below.number.is_next(above.number):
                continue
            is_lost_below, is_lost_above = below.progress is Progress.LOST, above.progress is Progress.LOST
            if below.is_replacing and below.begun_s > above.begun_s:
                self.heads[above.name] = page_notes.replaced_before(above.number)
            elif above.is_replacing and not below.is_again:
                self.tails[below.name] = page_notes.replaced_after(below.number)
            elif is_lost_below != is_lost_above and is_near(below, above, self.rule):
                if is_lost_below:
                    self.heads[above.name] = page_notes.lost_before(above.number)
                else:
                    self.tails[below.name] = page_notes.lost_after(below.number)

    def decide(self) -> Iterator[Scan | _Waits]:
        """Yield each scan that is complete, and the pages of each that is not."""
        for place, whole in enumerate(self.runs):
            above = self.runs[place + 1 : place + 2]
            count = cut_at([page.size_bytes for page in whole], self.rule)
            run, is_full = whole[:count], count < len(whole) or count == self.rule.pages
            waits = self._waits(run, above[0] if above else None, is_full=is_full)
            if waits is None:
                yield self._scan(run, whole[count:], is_full=is_full)
            elif any(page.progress is not Progress.COMING for page in run):
                yield waits

    def _waits(self, run: Run, above: Run | None, *, is_full: bool) -> _Waits | None:
        """Say what a run waits for; None when it is complete."""
        coming = [page for page in run if page.progress is Progress.COMING]
        if any(page.progress is not Progress.READY for page in run):
            ends_s = (given_up_s(page, self.rule) for page in coming)
            until_s = min((end_s for end_s in ends_s if end_s > self.now_s), default=math.inf)
            is_stuck = all(page.is_stuck for page in run if page.progress is not Progress.READY)
            return _Waits(run, until_s, coming[0].name if coming and is_stuck else "")
        if is_full or self._is_replaced(run):
            return None
        until_s = max(page.end_s for page in run) + self.rule.gap_s
        if above is not None and has_gap(run, above, self.rule):  # the missing page may be late
            first = above[0]
            until_s = max(until_s, min(first.end_s + self.rule.gap_s, given_up_s(first, self.rule)))
        if self.now_s < until_s:
            return _Waits(run, until_s)
        coming_up = [one for one in self._beside(run) if self.now_s < one.given_up_s(self.rule)]
        if not coming_up:
            return None
        is_stuck = all(one.state.is_still(self.now_s, self.rule.gap_s) for one in coming_up)
        until_s = min(one.given_up_s(self.rule) for one in coming_up)
        return _Waits(run, until_s, coming_up[0].key if is_stuck else "")

    def _beside(self, run: Run) -> list[_Upload]:
        """Return the uploads that may become pages of a run; one that takes the place of a page will not."""
        numbers = {page.number.index for page in run}
        return [
            one
            for one in self.uploads
            if one.number.index not in numbers and is_beside(run, one.state, self.now_s, self.rule)
        ]

    def _is_replaced(self, run: Run) -> bool:
        """Tell whether a file took the place of an earlier one after all of the run were begun: the next scan began."""
        return self.newest_again_s > max(page.begun_s for page in run)

    def _scan(self, run: Run, rest: Run, *, is_full: bool) -> Scan:
        tail = self.tails.get(run[-1].name)
        if is_full:
            tail = page_notes.cut_after(len(run))
        if rest:
            self.heads[rest[0].name] = page_notes.goes_on(len(run))
        given_up = [one for one in self._beside(run) if self.now_s >= one.given_up_s(self.rule)]
        late = sorted((split_key(one.key)[1] for one in given_up), key=natural_key)
        notes = (self.heads.get(run[0].name), tail, page_notes.unfinished(late) if late else None)
        return Scan(tuple(page.name for page in run), notes=tuple(note for note in notes if note))
