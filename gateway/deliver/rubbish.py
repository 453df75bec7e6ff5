"""Which failed jobs the spool need not keep: what is no scan, once it was told and shown for a while."""

from collections.abc import Sequence
from typing import Final

from gateway.spool.no_scans import Ended

LEAST_S: Final = 86400.0
"""None goes sooner: a person who finds that it was a scan after all, in a format we do not know, has the day."""
LONGEST_S: Final = 7 * 86400.0
MOST: Final = 1000
ROOM_BYTES: Final = 500_000_000


def surplus(newest_first: Sequence[Ended], now: float) -> tuple[Ended, ...]:
    """Return what goes: all that is older than a week; of what is older than a day the oldest beyond the bounds."""
    gone, used_bytes = [], 0
    for number, job in enumerate(newest_first, start=1):
        used_bytes += job.size_bytes
        is_too_much = number > MOST or used_bytes > ROOM_BYTES
        age_s = now - job.changed_at
        if age_s > LONGEST_S or (is_too_much and age_s > LEAST_S):
            gone.append(job)
    return tuple(gone)
