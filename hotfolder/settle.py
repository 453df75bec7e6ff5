"""Has the scanner finished with a file? Decided from what was seen of it and a given now.

The rule, for one file: untouched for the quiet window; then a second identical stamp; then nobody has it open for
writing; then its ends say that it is whole. Every simpler rule was measured to claim broken files (smbprotocol and
smbclient on Samba 4.17, eight scenarios, 2026-11).
"""

import math
from dataclasses import dataclass, replace
from typing import Final, assert_never

from hotfolder.arrival import Hold, Sighting, Stamp
from hotfolder.verdict import Incomplete, Malformed, Structure, UnknownType, Unreadable, Whole, Writing

NOT_A_SCAN: Final = "The file is not a scan: its content is no PDF, TIFF, JPEG, PNG, BMP, GIF or JPEG 2000."
"""Said of what is no scan at all, so that nobody misses it in a mailbox."""
EMPTY: Final = "The file stayed empty: a device made it and never wrote the scan into it. Please scan again."
"""Said of an empty file that is given up."""
_POLLING_QUIET_S: Final = 10.0
_POLLING_CONFIRM_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a file is waited for; all in seconds.

    ``confirm_s``: between two identical stamps after the quiet window; ``confirmations``: how many follow the first.
    ``has_leases``: the kernel can be asked who writes; otherwise nobody is. ``busy_s``: between two lease tests, and as
    long is an answer believed. ``unknown_s``: unchanged this long, a file of no scan type is given up.
    ``held_open_s``: unchanged this long, a whole file is taken though its writer keeps it open.
    ``unreadable_s``: between two tries to read a file that may not be read. ``sidecar_s``: a scan waits this long for
    its sidecar, and as far apart may the two arrive; None: nothing is a sidecar. ``empty_s``: unchanged this long, an
    empty file is given up, but not before ``incomplete_timeout_s``: some devices fill it minutes after making it.
    """

    quiet_s: float
    incomplete_timeout_s: float
    confirm_s: float = 0.5
    busy_s: float = 2.0
    unknown_s: float = 30.0
    held_open_s: float = 120.0
    unreadable_s: float = 60.0
    sidecar_s: float | None = None
    empty_s: float = 86400.0
    confirmations: int = 1
    has_leases: bool = True


def polling(rule: Rule) -> Rule:
    """Return the rule for a share whose writers this kernel does not see: longer quiet, two more stamps, no lease.

    Twice the quiet window, at least 10 s, as wherever there are no leases; the stamps 2.5 s apart, because a CIFS mount
    shows attributes that are up to 1 s old (mount.cifs(8), actimeo). NFS may show older ones (nfs(5), acregmax 60 s)
    until the file is opened, which the look at its ends does.
    """
    quiet_s = max(_POLLING_QUIET_S, 2 * rule.quiet_s)
    return replace(rule, quiet_s=quiet_s, confirm_s=_POLLING_CONFIRM_S, confirmations=2, has_leases=False)


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one file. All times are monotonic seconds.

    ``changed_s``: the last change or event. ``sampled_s``: the latest of the stamps that count after the quiet window,
    ``confirmed`` how many have followed the first of them. ``seen_s``: the latest sight.
    ``not_before_s``: it was offered and left; no offer before then. ``writing`` and
    ``structure``: what the tests said of exactly this stamp, ``None`` until asked. ``age_s`` and ``arrived_ns``: those
    of ``Sighting``, when this stamp was first seen.
    """

    stamp: Stamp
    changed_s: float
    seen_s: float
    sampled_s: float | None = None
    confirmed: int = 0
    not_before_s: float = -math.inf
    writing: Writing | None = None
    writing_s: float = -math.inf
    structure: Structure | None = None
    structure_s: float = -math.inf
    age_s: float = 0.0
    arrived_ns: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before ``until_s``; infinite when only a change can help.

    ``hold`` is ``None`` while the file is on its way. Otherwise it is quiet but cannot be taken: ``reason``, a clause.
    """

    until_s: float
    hold: Hold | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AskLease:
    """Ask now who is writing it, and tell ``lease_tested``."""


@dataclass(frozen=True, slots=True)
class AskStructure:
    """Look at its ends now, and tell ``structure_tested``."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Finished. ``rejected`` as in ``Arrival``; ``is_held_open`` as in ``ArrivedFile``."""

    rejected: str = ""
    is_held_open: bool = False


Step = Wait | AskLease | AskStructure | Ready


def first_seen(sighting: Sighting) -> History:
    """Begin the history of a file; being new counts as a change."""
    return History(
        stamp=sighting.stamp,
        changed_s=sighting.seen_s,
        seen_s=sighting.seen_s,
        age_s=sighting.age_s,
        arrived_ns=sighting.arrived_ns,
    )


def seen(history: History, sighting: Sighting, rule: Rule) -> History:
    """Add a sighting. Any other stamp, also of another file under the same name, is a change: the past is forgotten."""
    if sighting.stamp != history.stamp:
        return replace(first_seen(sighting), not_before_s=history.not_before_s)
    sampled_s, confirmed = history.sampled_s, history.confirmed
    if sampled_s is None:
        if sighting.seen_s >= history.changed_s + rule.quiet_s:
            sampled_s = sighting.seen_s
    elif confirmed < rule.confirmations and sighting.seen_s >= sampled_s + rule.confirm_s:
        sampled_s, confirmed = sighting.seen_s, confirmed + 1
    return replace(history, seen_s=sighting.seen_s, sampled_s=sampled_s, confirmed=confirmed)


def disturbed(history: History, at_s: float) -> History:
    """Add an event: something was done to the file, perhaps without a trace in its stamp."""
    if at_s < history.changed_s:
        return history
    fresh = History(history.stamp, changed_s=at_s, seen_s=history.seen_s, arrived_ns=history.arrived_ns)
    return replace(fresh, not_before_s=history.not_before_s)


def lease_tested(history: History, writing: Writing, now_s: float) -> History:
    """Add the answer of a lease test."""
    return replace(history, writing=writing, writing_s=now_s)


def structure_tested(history: History, structure: Structure, now_s: float) -> History:
    """Add the verdict on its ends."""
    return replace(history, structure=structure, structure_s=now_s)


def left(sighting: Sighting, not_before_s: float) -> History:
    """Begin again with a file that was offered and not taken."""
    return replace(first_seen(sighting), not_before_s=not_before_s)


def settle(history: History, now_s: float, rule: Rule) -> Step:  # noqa: PLR0911  one a stage of the rule
    """Decide what is next for a file.

    A file in use is waited for without limit; if it is whole and unchanged for ``held_open_s`` it is taken all the
    same. Where leases do not work the quiet window counts double. An incomplete file waits for its retry until
    ``incomplete_timeout_s`` after the last change. An empty file is nothing yet; it is told after
    ``incomplete_timeout_s``, and given up after ``empty_s`` if the kernel says that nobody writes it.
    """
    if history.stamp.size_bytes == 0:
        return _empty(history, now_s, rule)
    quiet_at_s = max(history.changed_s + rule.quiet_s, history.not_before_s)
    if now_s < quiet_at_s:
        return Wait(quiet_at_s)
    if history.sampled_s is None:
        return Wait(now_s)
    if history.confirmed < rule.confirmations:
        return Wait(max(now_s, history.sampled_s + rule.confirm_s))
    if not rule.has_leases:
        return _by_structure(history, now_s, rule)
    if history.structure is not None and history.writing is not Writing.YES:
        step = _by_structure(history, now_s, rule)
        if isinstance(step, Wait):
            return step  # it will not be taken now, whoever writes it
    return _by_writer(history, now_s, rule)


def _by_writer(history: History, now_s: float, rule: Rule) -> Step:
    if history.writing is None or now_s >= history.writing_s + rule.busy_s:
        return AskLease()
    match history.writing:
        case Writing.NO:
            return _by_structure(history, now_s, rule)
        case Writing.UNKNOWN:
            doubled_at_s = history.changed_s + 2 * rule.quiet_s
            return _by_structure(history, now_s, rule) if now_s >= doubled_at_s else Wait(doubled_at_s)
        case Writing.YES:
            return _held_open(history, now_s, rule)
        case _:
            assert_never(history.writing)


def _empty(history: History, now_s: float, rule: Rule) -> Step:
    """Decide about an empty file. Without a time of its own: while a file is there its folder is looked at anyway."""
    if now_s < history.changed_s + rule.incomplete_timeout_s:
        return Wait(math.inf)
    held = Wait(math.inf, Hold.EMPTY, "nothing was written into it")
    # What an earlier run has seen counts too: a box that is switched off every night would else never come to the end
    # of a day. Should the wall clock be wrong the file is given up early, visibly, and after incomplete_timeout_s.
    give_up_s = history.changed_s + max(0.0, rule.empty_s - history.age_s)
    if now_s < max(give_up_s, history.not_before_s) or history.sampled_s is None:
        return held
    if history.writing is None or now_s >= history.writing_s + rule.busy_s:
        return AskLease()
    return Ready(rejected=EMPTY) if history.writing is Writing.NO else held


def _held_open(history: History, now_s: float, rule: Rule) -> Step:
    again_s = history.writing_s + rule.busy_s
    if now_s < history.changed_s + rule.held_open_s:
        return Wait(again_s)
    if history.structure is None:
        return AskStructure()
    if isinstance(history.structure, Whole):
        return Ready(is_held_open=True)
    return Wait(again_s, Hold.OPEN, "a device keeps it open and writes no more")


def _by_structure(history: History, now_s: float, rule: Rule) -> Step:  # noqa: PLR0911  one a verdict
    match history.structure:
        case None:
            return AskStructure()
        case Whole():
            return Ready()
        case Incomplete(reason=reason):
            give_up_s = history.changed_s + rule.incomplete_timeout_s
            if now_s < give_up_s:
                return Wait(give_up_s, Hold.INCOMPLETE, reason)
            return Ready(rejected=f"The file is cut short: {reason}. Please scan again.")
        case Malformed(reason=reason):
            give_up_s = history.changed_s + rule.incomplete_timeout_s
            return Ready() if now_s >= give_up_s else Wait(give_up_s, Hold.INCOMPLETE, reason)
        case UnknownType():
            give_up_s = history.changed_s + rule.unknown_s
            if now_s < give_up_s:
                return Wait(give_up_s)
            return Ready(rejected=NOT_A_SCAN)
        case Unreadable(reason=reason):
            again_s = history.structure_s + rule.unreadable_s
            return Wait(again_s, Hold.STRANGE, reason) if now_s < again_s else AskStructure()
        case _:
            assert_never(history.structure)
