"""How many failures are told one by one, and which wait for the one mail that tells of all of them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum, unique
from typing import Final

from hotfolder.settle import EMPTY, NOT_A_SCAN
from image.refusal import NO_SCANS

HOUR_S: Final = 3600.0
"""A place has so many single notices an hour; what fails beyond waits for the end of that hour."""
_SLACK_S: Final = 60.0


@unique
class Kind(StrEnum):
    """What failed, as far as it matters for the number of mails; the value stands in the journal's database."""

    SCAN = "scan"
    EMPTY = "empty"
    NO_SCAN = "no-scan"


SINGLES: Final[Mapping[Kind, int]] = {Kind.SCAN: 10, Kind.EMPTY: 1, Kind.NO_SCAN: 1}
"""Single notices an hour about one place to the same people. Ten scans that fail in an hour are ten people at the
printer; more are one fault. Exchange takes 30 mails a minute in all, and whoever gets hundreds reads none."""

FORGOTTEN: Final = (NOT_A_SCAN, EMPTY)
"""For one of these reasons a share's failed job is not kept for ever. An archive is, it may be an XPS scan."""


def kind_of(reason: str) -> Kind:
    """Return what failed, from the sentence that says why."""
    if reason == NOT_A_SCAN or reason in NO_SCANS:
        return Kind.NO_SCAN
    return Kind.EMPTY if reason == EMPTY else Kind.SCAN


def told_singly(singles: Sequence[tuple[Kind, float]], now: float) -> tuple[tuple[Kind, float], ...]:
    """Return those single notices (what failed, and when they were made) that count now: none of an hour that is over.

    An hour begins with its first notice. One of the future, by a clock that was wrong, is over.
    """
    began_at = min((at for _, at in singles), default=now)
    return tuple(singles) if 0 <= now - began_at < HOUR_S else ()


def waits_until(singles: Sequence[tuple[Kind, float]], kind: Kind) -> float | None:
    """Return None when a failure is to be told at once, by a mail of its own; else until when it waits.

    ``singles`` as ``told_singly`` returns them.
    """
    if sum(one is kind for one, _ in singles) < SINGLES[kind]:
        return None
    return min(at for _, at in singles) + HOUR_S


def is_due(waits_until_at: float, now: float) -> bool:
    """Tell whether a wait is over; one longer than an hour was begun by a clock that was wrong, and is over too."""
    return not 0 < waits_until_at - now <= HOUR_S + _SLACK_S
