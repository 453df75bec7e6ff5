"""Which files are one scan with ``batch = "folder"``: all that lie in one sub-folder, once every one has settled."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hotfolder import page_notes
from hotfolder.arrival import Hold
from hotfolder.group import Grouping, Said, Scan, in_order
from hotfolder.names import display_name, split_key
from hotfolder.numbering import natural_key
from hotfolder.pages import PageRule
from hotfolder.runs import cut_at
from hotfolder.settle import History
from hotfolder.track import Outlook
from hotfolder.unfinished import Unfinished

_STUCK = frozenset({Hold.INCOMPLETE, Hold.OPEN})
_LONGEST = 6
"""A finished page waits at most so many times ``hold_s``, an hour, for what in its folder never stops changing."""


def in_folders(
    histories: Mapping[str, History],
    unfinished: Mapping[str, Unfinished],
    outlook: Outlook,
    now_s: float,
    rule: PageRule,
    said: Said,
) -> Grouping:
    """Decide which sub-folders are complete. A file at the top level is a scan of its own.

    A folder is complete when nothing in it is on its way, and nothing in it has changed for ``gap_s``. A file that was
    cut short, or bears the name of an upload, or cannot be looked at, is waited for until ``hold_s`` after its last
    change; then the scan goes without it, and says so. So it does an hour after its last page, whatever is still being
    written there: a log, say, that nobody ever ends. ``said`` is that of the look before: what was missing then may
    have been taken, and the scan left.
    """
    said = {key: one for key, one in said.items() if _is_still_there(key, one[0], histories, unfinished)}
    folders, uploads = _by_folder(histories), _by_folder(unfinished)
    scans = [Scan((key,), step.rejected) for key, step in outlook.ready if not split_key(key)[0]]
    ready = {key for key, _ in outlook.ready}
    seen = outlook
    for folder, keys in folders.items():
        if not folder or ready.isdisjoint(keys):
            continue
        waits_for = {key: _waits_until_s(key, histories[key], seen, ready, rule) for key in keys}
        waits_for |= {key: _comes_until_s(unfinished[key], rule) for key in uploads.get(folder, ())}
        pages_s = max(histories[key].changed_s for key in keys if key in ready)
        until_s = min(max(waits_for.values()), pages_s + _LONGEST * rule.hold_s)
        if now_s >= until_s:
            late = [key for key in uploads.get(folder, ()) if unfinished[key].stamp is not None]
            for scan in _complete(folder, keys, late, histories, seen, rule):
                known = (note for key in scan.keys if key in said for note in said[key][1])
                scans.append(replace(scan, notes=tuple(dict.fromkeys((*known, *scan.notes)))))
            continue
        late = [key for key, wait_s in waits_for.items() if now_s < wait_s]
        outlook = replace(outlook, due_s=min(outlook.due_s, until_s))
        if all(_is_stuck(key, unfinished, seen, now_s, rule) for key in late):
            reason = page_notes.folder_waits(late[0])
            outlook = replace(outlook, held={**outlook.held, folder: (Hold.PAGES, reason)})
        else:
            outlook = replace(outlook, is_pending=True)
    for scan in scans:
        said |= {key: (histories[key].stamp.inode, scan.notes) for key in scan.keys}
    return Grouping(in_order(scans, outlook), outlook, said)


def _by_folder(keys: Iterable[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for key in keys:
        folders.setdefault(split_key(key)[0], []).append(key)
    return folders


def _is_still_there(
    key: str, inode: int, histories: Mapping[str, History], unfinished: Mapping[str, Unfinished]
) -> bool:
    return histories[key].stamp.inode == inode if key in histories else key in unfinished


def _is_stuck(key: str, unfinished: Mapping[str, Unfinished], outlook: Outlook, now_s: float, rule: PageRule) -> bool:
    if key in unfinished:
        return unfinished[key].is_still(now_s, rule.gap_s)
    return _hold(key, outlook) in _STUCK


def _hold(key: str, outlook: Outlook) -> Hold | None:
    return outlook.held.get(key, (None, ""))[0]


def _waits_until_s(key: str, history: History, outlook: Outlook, ready: set[str], rule: PageRule) -> float:
    """Return until when a folder waits for a file in it; infinite while it is on its way."""
    hold = _hold(key, outlook)
    if key in ready or history.stamp.size_bytes == 0:
        return history.changed_s + rule.gap_s
    if hold is Hold.STRANGE:
        return -math.inf
    return history.changed_s + rule.hold_s if hold in _STUCK else math.inf


def _comes_until_s(upload: Unfinished, rule: PageRule) -> float:
    """Return until when a folder waits for what is no page of it yet."""
    if upload.is_gone:
        return math.inf  # until the next look
    return upload.changed_s + (rule.gap_s if upload.is_empty else rule.hold_s)


def _complete(
    folder: str,
    keys: Sequence[str],
    uploads: Sequence[str],
    histories: Mapping[str, History],
    outlook: Outlook,
    rule: PageRule,
) -> Iterator[Scan]:
    """Yield the scan of a complete folder: several when it is too long for one, and each rejected file by itself.

    ``uploads``: those that were waited for in vain.
    """
    steps = dict(outlook.ready)
    pages = sorted((key for key in keys if key in steps and not steps[key].rejected), key=natural_key)
    yield from (Scan((key,), steps[key].rejected) for key in keys if key in steps and steps[key].rejected)
    lost = sorted((split_key(key)[1] for key in keys if key not in pages), key=natural_key)
    strange = {
        split_key(key)[1]: reason
        for key, (hold, reason) in outlook.held.items()
        if hold is Hold.STRANGE and split_key(key)[0] == folder
    }
    notes = page_notes.left_out(strange)
    lost = [name for name in lost if name not in strange]
    if lost:
        notes.append(page_notes.lost_of_folder(lost))
    if uploads:
        notes.append(page_notes.unfinished(sorted((split_key(key)[1] for key in uploads), key=natural_key)))
    while pages:
        count = cut_at([histories[key].stamp.size_bytes for key in pages], rule)
        mail, pages = pages[:count], pages[count:]
        cut = [page_notes.cut_after(count)] if pages else []
        yield Scan(tuple(mail), notes=(*notes, *cut), called=display_name(folder))
        notes = [page_notes.goes_on(count)]
