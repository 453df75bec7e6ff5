"""What is to be done with a piece of a mail: wait for the others, join them, or give up on those that never come.

Decides only. A mail's pieces are known by the listener, the client, the recipients and the id that they name
(RFC 2046 section 5.2.2); a ``[2/5]`` in a subject proves nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.spool.fragments import Fragment
from gateway.spool.job import JobId

WAIT_S: Final = 30 * 60.0
"""So long after the last piece that came the others are waited for."""

REPEAT_S: Final = 3600.0
"""A piece that comes again within this time of its mail's last one is a device's repetition."""

_PLEASE: Final = "Please scan it again; if it happens again, switch off the splitting of mails at the printer."


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to be done before a time (seconds since 1970), unless a piece comes; ``lacks`` says what lacks."""

    until: float
    lacks: str


@dataclass(frozen=True, slots=True)
class Join:
    """These are the mail, in order. ``rejected`` is the sentence of one that stays incomplete, else empty.

    ``others`` are repetitions, which end with it.
    """

    pieces: tuple[Fragment, ...]
    others: tuple[Fragment, ...] = ()
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The piece has come before, and its mail was joined as this job."""

    whole: JobId


def judge(own: JobId, known: Sequence[Fragment], now: float, waited_s: float) -> Wait | Join | Repeated:
    """Return what to do about the piece ``own``; ``known`` are all pieces that name its mail, joined ones too.

    ``waited_s`` is how long none came.
    """
    mine = next(fragment for fragment in known if fragment.job == own)
    for fragment in known:
        is_same = (fragment.number, fragment.sha256) == (mine.number, mine.sha256)
        is_again = fragment.whole and is_same and mine.arrived_at - fragment.arrived_at < REPEAT_S
        # Of one that was given up pieces come again because the printer tries anew.
        if is_again and not _lacks(_numbered(known, fragment.whole)):
            return Repeated(fragment.whole)
    numbered = _numbered(known, JobId(""))
    lacks = _lacks(numbered)
    pieces = [same[0] for _, same in sorted(numbered.items())]
    others = [fragment for same in numbered.values() for fragment in same[1:]]
    if not lacks:
        return Join(tuple(pieces), tuple(others))
    if waited_s < WAIT_S:
        return Wait(now + WAIT_S - waited_s, lacks)
    everything = sorted((*pieces, *others), key=lambda one: (one.number, one.job))
    sentence = f"The printer sent this scan in pieces, and after {WAIT_S / 60:.0f} minutes {lacks}. {_PLEASE}"
    return Join(tuple(everything), rejected=sentence)


def _numbered(known: Sequence[Fragment], whole: JobId) -> dict[int, list[Fragment]]:
    """Return the pieces of one whole, or those of none yet, by their number, in the order in which they came."""
    numbered: defaultdict[int, list[Fragment]] = defaultdict(list)
    for fragment in sorted(known, key=lambda one: one.job):
        if fragment.whole == whole:
            numbered[fragment.number].append(fragment)
    return numbered


def _lacks(numbered: dict[int, list[Fragment]]) -> str:
    """Return what keeps the pieces from being a mail, for a sentence; empty when nothing does."""
    totals = {fragment.total for same in numbered.values() for fragment in same if fragment.total}
    unlike = [number for number, same in numbered.items() if len({fragment.sha256 for fragment in same}) > 1]
    if unlike:
        return f"piece {_listed(unlike)} had come more than once, with different contents"
    if not totals:
        return f"the last piece was still missing (of {_listed(numbered)} it is not said how many there are)"
    total = max(totals)
    if len(totals) > 1 or max(numbered) > total:
        return "the pieces did not agree on how many they are"
    missing = [number for number in range(1, total + 1) if number not in numbered]
    if not missing:
        return ""
    return f"piece{'s' if len(missing) > 1 else ''} {_listed(missing)} of {total} had not come"


def _listed(numbers: "Sequence[int] | dict[int, list[Fragment]]") -> str:
    """Return numbers for a sentence: ``2, 4 and 5``, at most ten of them."""
    texts = [str(number) for number in sorted(numbers)]
    if len(texts) > 10:  # noqa: PLR2004
        texts = [*texts[:9], f"{len(texts) - 9} more"]
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
