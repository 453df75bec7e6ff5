"""The numbered files of a folder as pages: when each began and was finished, carried from one look to the next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from typing import Final

from hotfolder.arrival import Hold
from hotfolder.numbering import Numbered, numbered
from hotfolder.settle import History
from hotfolder.track import Outlook
from hotfolder.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class PageRule:
    """How pages are put together; times in seconds.

    ``gap_s``: from a page's last change to the beginning of the next one, at most. ``hold_s``: as long is a page waited
    for that was begun and is not finished. A scan has at most ``pages`` files of together ``size_bytes``: 500 MB are
    some twenty A4 pages in colour at 300 dpi without compression, and must fit the disk twice.
    """

    gap_s: float
    hold_s: float = 600.0
    pages: int = 500
    size_bytes: int = 500_000_000


@unique
class Progress(Enum):
    """How far a page is.

    ``READY``: to be taken now. ``DONE``: it was ready, and is being tested again. ``COMING``: begun, and waited for.
    ``LOST``: rejected, empty, unreadable, or not finished in time; it is no part of any scan.
    """

    READY = "ready"
    DONE = "done"
    COMING = "coming"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Page:
    """One numbered file. Times are monotonic seconds.

    ``begun_s``: first seen. ``is_old``: it began at a time nobody saw, so that only the times of the file tell when it
    was written: ``mtime_ns``, which a device may set, and ``arrived_ns`` (ctime), which our own claims move.
    ``done_s``: its last change, known once it was ready. ``end_s``: its last change so far; infinite while it
    is being written. ``is_again``: there was another file of this name not long before; ``is_replacing``: and that was
    not taken by then. ``is_stuck``: it is told as held.
    """

    name: str
    number: Numbered
    mark: tuple[int, int, int]
    begun_s: float
    progress: Progress
    end_s: float
    arrived_ns: int
    done_s: float | None = None
    is_old: bool = False
    is_again: bool = False
    is_replacing: bool = False
    is_stuck: bool = False

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return self.mark[1]

    @property
    def mtime_ns(self) -> int:
        """When it was written, by the clock of the file system or of the device."""
        return self.mark[2]


@dataclass(frozen=True, slots=True)
class Followed:
    """What is known of the pages in a folder, by name.

    ``gone``: finished pages that are not there any more, and when that was seen; kept while a file is there that was
    there with them. ``heads`` and ``tails``: what is to be said of a scan that begins, or ends, with this page.
    ``unfinished``: what may become a page, as ``Track`` has it. ``looked_s``: the last look.
    """

    pages: Mapping[str, Page]
    gone: Mapping[str, float]
    heads: Mapping[str, str]
    tails: Mapping[str, str]
    unfinished: Mapping[str, Unfinished] = field(default_factory=dict)
    looked_s: float = -math.inf


UNSEEN: Final = Followed({}, {}, {}, {})
"""Before the first look."""


def follow(
    known: Followed,
    histories: Mapping[str, History],
    unfinished: Mapping[str, Unfinished],
    outlook: Outlook,
    now_s: float,
    rule: PageRule,
) -> Followed:
    """Add one look: the histories of all files, what is unfinished beside them, and what the look came to."""
    begun_s = _begun_s(known, now_s, rule)
    ready = {name: not step.rejected for name, step in outlook.ready}
    is_blind = now_s > known.looked_s + rule.gap_s
    pages: dict[str, Page] = {}
    for name, history in histories.items():
        before = known.pages.get(name)
        number = before.number if before is not None else numbered(name)
        if number is None:
            continue
        fresh = Page(
            name=name,
            number=number,
            mark=_mark(history),
            begun_s=now_s,  # of one look, not of each file: the order of a directory's entries means nothing
            progress=Progress.COMING,
            end_s=math.inf,
            arrived_ns=history.arrived_ns,
            is_old=is_blind,
            is_again=name in known.gone,
        )
        if before is None and not fresh.is_again:  # it was begun as an upload, under another name
            found_s = (begun_s.get(history.stamp.inode, now_s), begun_s.get(name, now_s))
            fresh = replace(fresh, begun_s=min(found_s))
        page = fresh if before is None else _met_again(before, fresh)
        hold = outlook.held.get(name, (None, ""))[0]
        pages[name] = _judged(page, history, hold, now_s, rule, is_accepted=ready.get(name))
    pages |= _hidden(known, pages, unfinished, now_s, rule)
    return Followed(
        pages,
        _gone(known, pages, now_s, rule),
        {name: note for name, note in known.heads.items() if _is_same(name, known.pages, pages)},
        {name: note for name, note in known.tails.items() if _is_same(name, known.pages, pages)},
        unfinished,
        now_s,
    )


def _begun_s(known: Followed, now_s: float, rule: PageRule) -> dict[int | str, float]:
    """Return when what was unfinished at the look before had begun: by inode, which a rename keeps; unseen, by name."""
    return {
        name if upload.stamp is None else upload.stamp.inode: upload.begun_s
        for name, upload in known.unfinished.items()
        if now_s < upload.begun_s + rule.hold_s
    }


def _hidden(
    known: Followed, pages: Mapping[str, Page], unfinished: Mapping[str, Unfinished], now_s: float, rule: PageRule
) -> dict[str, Page]:
    """Return the pages that cannot be looked at now: waited for as if they were being written again, and then lost."""
    hidden: dict[str, Page] = {}
    for name, upload in unfinished.items():
        if name in known.pages and name not in pages:
            is_late = now_s >= upload.changed_s + rule.hold_s
            progress = Progress.LOST if is_late else Progress.COMING
            hidden[name] = replace(known.pages[name], progress=progress, is_stuck=True)
    return hidden


def _mark(history: History) -> tuple[int, int, int]:
    # Without the blocks: writing out may move them, long after the writer has closed.
    return history.stamp.inode, history.stamp.size_bytes, history.stamp.mtime_ns


def _met_again(before: Page, fresh: Page) -> Page:
    if before.mark == fresh.mark:
        return before
    is_anew = before.mark[0] != fresh.mark[0] or fresh.size_bytes < before.size_bytes
    # A page cut short may be sent again; what was not known to be cut short is taken for another scan's.
    if before.done_s is not None or (is_anew and before.size_bytes and not before.is_stuck):
        return replace(fresh, is_again=True, is_replacing=True)
    if before.progress is Progress.LOST and before.size_bytes == 0:  # an empty file of old, filled now
        return replace(fresh, is_again=before.is_again, is_replacing=before.is_replacing)
    return replace(before, mark=fresh.mark, arrived_ns=fresh.arrived_ns)


def _judged(
    page: Page, history: History, hold: Hold | None, now_s: float, rule: PageRule, *, is_accepted: bool | None
) -> Page:
    """Say how far a page is. ``is_accepted``: None while it is not finished, False when it is rejected."""
    if is_accepted is not None:
        done_s = history.changed_s if page.done_s is None else page.done_s
        if not is_accepted:
            return replace(page, progress=Progress.LOST, end_s=history.changed_s)
        return replace(page, progress=Progress.READY, done_s=done_s, end_s=done_s, is_stuck=False)
    if hold is Hold.STRANGE:
        return replace(page, progress=Progress.LOST, end_s=history.changed_s if page.done_s is None else page.done_s)
    if page.done_s is not None:
        return replace(page, progress=Progress.DONE, is_stuck=False)
    is_stuck = hold in {Hold.INCOMPLETE, Hold.OPEN}
    end_s = history.changed_s if is_stuck or page.size_bytes == 0 else math.inf
    page = replace(page, end_s=end_s, is_stuck=is_stuck)
    return replace(page, progress=Progress.COMING if now_s < given_up_s(page, rule) else Progress.LOST)


def given_up_s(page: Page, rule: PageRule) -> float:
    """Return when a page that is not finished is not waited for any more; an empty file promises little."""
    return page.begun_s + rule.hold_s if page.size_bytes else page.end_s + rule.gap_s


def _is_same(name: str, before: Mapping[str, Page], pages: Mapping[str, Page]) -> bool:
    return name in pages and name in before and pages[name].begun_s == before[name].begun_s


def _gone(known: Followed, pages: Mapping[str, Page], now_s: float, rule: PageRule) -> dict[str, float]:
    gone = {name: gone_s for name, gone_s in known.gone.items() if now_s < gone_s + rule.hold_s}
    gone |= {name: now_s for name, page in known.pages.items() if page.done_s is not None and name not in pages}
    first_s: dict[tuple[str, str], float] = {}
    for page in pages.values() if gone else ():
        if page.progress is not Progress.LOST:
            first_s[page.number.series] = min(page.begun_s, first_s.get(page.number.series, math.inf))
    return {name: gone_s for name, gone_s in gone.items() if _is_remembered(name, gone_s, first_s)}


def _is_remembered(name: str, gone_s: float, first_s: Mapping[tuple[str, str], float]) -> bool:
    number = numbered(name)
    return number is not None and first_s.get(number.series, math.inf) < gone_s
