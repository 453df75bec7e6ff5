"""Which sidecar belongs to which scan, and when the two may go.

A scan goes when its sidecar is there and complete, or when none came in time. The two belong together when they lie in
one folder, have one stem (compared in NFC and without case), and arrived within the stated time of each other: devices
use their names again, and a sidecar left over from an earlier scan, or too late for it, must not say who gets this one.
Every doubt makes the scan fail visibly, its sidecars with it; no doubt ever sends it to whom the share names.
"""

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hotfolder.arrival import Hold
from hotfolder.names import display_name, split_key
from hotfolder.settle import Ready, Rule, Wait
from hotfolder.sidecar import is_sidecar_name, stem_of
from hotfolder.track import Outlook, Track
from hotfolder.verdict import Incomplete

_FAILED: Final = "Nobody can tell who gets this scan: "
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Kin:
    """The files of a folder that could belong together, by key: each scan's sidecars, and each sidecar's scans."""

    sidecars: Mapping[str, tuple[str, ...]]
    scans: Mapping[str, tuple[str, ...]]


def pair(look: Outlook, track: Track, arrived_ns: Mapping[str, int], now_s: float, rule: Rule) -> Outlook:
    """Return the outlook with scans and sidecars put together: what is ready are scans alone, in the same order.

    ``arrived_ns``: when each file last came or changed, by the file system's clock (ctime, which no client can set).
    Without ``sidecar_s`` in the rule nothing is a sidecar, and the outlook stays as it is.
    """
    if rule.sidecar_s is None:
        return look
    kin, ready = _kin(track, look), dict(look.ready)
    going: list[tuple[str, Ready]] = []
    companions: dict[str, tuple[tuple[str, Ready], ...]] = {}
    held, is_pending, due_s = dict(look.held), look.is_pending, look.due_s
    spoken_for: set[str] = set()
    for key, step in look.ready:
        if key in kin.scans:
            continue
        decided = _decide(key, step, kin, look, track, arrived_ns, now_s, rule)
        if isinstance(decided, Ready):
            going.append((key, decided))
            taking = [one for one in kin.sidecars[key] if one in ready and one not in spoken_for]
            companions[key] = tuple((one, ready[one]) for one in taking)
            spoken_for.update(taking)
            continue
        due_s = min(due_s, decided.until_s)
        is_pending |= decided.hold is None
        if decided.hold is not None:
            held[key] = (decided.hold, decided.reason)
    for key in kin.scans.keys() & ready.keys():
        if not kin.scans[key]:
            alone_s = track.histories[key].changed_s + rule.sidecar_s
            due_s, is_pending = min(due_s, alone_s if now_s < alone_s else due_s), is_pending or now_s < alone_s
            if now_s >= alone_s:
                held[key] = (Hold.ALONE, "no scan of its name came with it")
    return replace(look, ready=tuple(going), held=held, is_pending=is_pending, due_s=due_s, companions=companions)


def went_alone(look: Outlook, track: Track, now_s: float, rule: Rule) -> Mapping[tuple[str, str], float]:
    """Return ``Track.alone`` after this look: a scan that goes without a sidecar may get one yet, when it has gone.

    The next scan of its name must not go by that one. After ``incomplete_timeout_s`` nothing is late any more.
    """
    alone = {called: until_s for called, until_s in track.alone.items() if now_s < until_s}
    for key, _ in look.ready if rule.sidecar_s is not None else ():
        until_s = track.histories[key].changed_s + _late_s(rule)
        if not look.companions.get(key) and now_s < until_s:
            alone |= dict.fromkeys(_called(key), until_s)
    return alone


def went_alone_before(ages_s: Mapping[str, float], now_s: float, rule: Rule) -> Mapping[tuple[str, str], float]:
    """Return ``Track.alone`` before the first look, from how long ago which files went alone in an earlier run."""
    alone: dict[tuple[str, str], float] = {}
    for key, age_s in sorted(ages_s.items(), key=lambda item: -item[1]):  # the latest of a name counts
        until_s = now_s - age_s + _late_s(rule)
        if now_s < until_s:
            alone |= dict.fromkeys(_called(key), until_s)
    return alone


def _late_s(rule: Rule) -> float:
    return max(rule.incomplete_timeout_s, 2 * (rule.sidecar_s or 0.0))


def _called(scan: str) -> set[tuple[str, str]]:
    """Return the folder and the stem that a sidecar of this scan may have."""
    folder, name = split_key(scan)
    return {(folder, _folded(stem_of(name))), (folder, _folded(name))}


def _kin(track: Track, look: Outlook) -> _Kin:
    scans: dict[tuple[str, str], list[str]] = {}
    sidecars: dict[str, tuple[str, ...]] = {}
    found: list[str] = []
    for key in dict.fromkeys((*track.histories, *look.held)):
        folder, name = split_key(key)
        if is_sidecar_name(name):
            found.append(key)
        elif key in track.histories or key in track.unfinished:  # or it could not be looked at
            sidecars[key] = ()
            for called in _called(key):
                scans.setdefault(called, []).append(key)
    of_sidecar: dict[str, tuple[str, ...]] = {}
    for key in found:
        folder, name = split_key(key)
        of_sidecar[key] = tuple(scans.get((folder, _folded(stem_of(name))), ()))
        for scan in of_sidecar[key]:
            sidecars[scan] = (*sidecars[scan], key)
    return _Kin(sidecars, of_sidecar)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _decide(
    key: str,
    ready: Ready,
    kin: _Kin,
    look: Outlook,
    track: Track,
    arrived_ns: Mapping[str, int],
    now_s: float,
    rule: Rule,
) -> Ready | Wait:
    """Decide about one finished scan: it goes, with its sidecars, as rejected or not; or it waits for something."""
    mine, wait_s = kin.sidecars[key], rule.sidecar_s or 0.0
    if ready.rejected:
        return ready
    if not mine:
        until_s = track.histories[key].changed_s + wait_s
        return ready if now_s >= until_s else Wait(until_s)
    family = tuple(dict.fromkeys(scan for one in mine for scan in kin.scans[one]))
    finished = dict(look.ready)
    missing = [one for one in (*mine, *family) if one not in finished]
    if missing:
        changes = [track.histories[one].changed_s for one in (*mine, *family) if one in track.histories]
        return _await(missing[0], max(changes) + rule.incomplete_timeout_s, look, track, now_s)
    if now_s < (until_s := track.histories[key].changed_s + wait_s) and any(
        arrived_ns.get(key, 0) - arrived_ns.get(one, 0) > wait_s * _NS for one in mine
    ):
        return Wait(until_s)  # an older one of a name used again may yet be overwritten by this scan's own
    doubt = next(_doubts(key, mine, family, finished, track, arrived_ns, now_s, wait_s), "")
    return replace(ready, rejected=f"{_FAILED}{doubt}.") if doubt else ready


def _await(key: str, give_up_s: float, look: Outlook, track: Track, now_s: float) -> Ready | Wait:
    """Wait for a file that belongs to a finished scan and is not finished itself, for as long as for any file."""
    name = display_name(split_key(key)[1])
    if key in look.held:
        reason = f"{name} beside it is not finished: {look.held[key][1]}"
    elif key in track.histories and track.histories[key].stamp.size_bytes == 0:
        reason = f"{name} beside it is empty"
    else:
        return Wait(give_up_s) if now_s < give_up_s else Ready(rejected=f"{_FAILED}{name} beside it is not finished.")
    return Wait(give_up_s, Hold.INCOMPLETE, reason) if now_s < give_up_s else Ready(rejected=f"{_FAILED}{reason}.")


def _doubts(
    key: str,
    mine: Sequence[str],
    family: Sequence[str],
    finished: Mapping[str, Ready],
    track: Track,
    arrived_ns: Mapping[str, int],
    now_s: float,
    wait_s: float,
) -> Iterator[str]:
    names = " and ".join(display_name(split_key(one)[1]) for one in mine)
    if len(mine) > 1:
        yield f"{names} both bear its name"
    if len(family) > 1:
        shared = " and ".join(display_name(split_key(one)[1]) for one in family)
        yield f"{names} may belong to {shared}, but only to one of them"
    for one in mine:
        structure = track.histories[one].structure
        if finished[one].rejected and isinstance(structure, Incomplete):
            yield f"its sidecar {names} cannot be used, {structure.reason}"
        elif finished[one].rejected:
            yield f"its sidecar {names} cannot be used"
        folder, name = split_key(one)
        if now_s < track.alone.get((folder, _folded(stem_of(name))), -math.inf):
            yield f"an earlier scan of its name went without one, and its sidecar {names} may be that scan's"
        if abs(arrived_ns.get(one, 0) - arrived_ns.get(key, 0)) > wait_s * _NS:
            yield f"its sidecar {names} came more than sidecar_timeout before or after it, and may be another scan's"
