"""Scans that went without a sidecar, over a restart: one that comes for them later must address no other scan.

It is noted before the scan is ours. What cannot be noted is left in the share, and tried again.
"""

import errno
import sqlite3
import time
from typing import Final

from conf.model import Share
from gateway.spool.alone import Alone
from gateway.spool.database import JournalError
from gateway.spool.journal import Journal
from hotfolder.arrival import Arrival

_KEPT_S: Final = 86400.0
"""As long as the longest ``incomplete_timeout`` that can be set."""


def note(journal: Journal, share: Share, arrival: Arrival) -> None:
    """Note that a scan is about to go, if it goes without a sidecar. Raises OSError when that cannot be noted."""
    if not share.sidecars or any(file.is_sidecar for file in arrival.files):
        return
    now = time.time()
    try:
        Alone(journal.database).note(share.name, [file.key for file in arrival.files], now, now - _KEPT_S)
    except (sqlite3.Error, JournalError) as error:
        raise OSError(errno.EIO, f"the journal cannot note a scan without a sidecar, so it stays: {error}") from error


def remembered(journal: Journal, share: Share) -> dict[str, float]:
    """Return how many seconds ago which files of a share went without a sidecar, by key.

    Raises sqlite3.Error and JournalError.
    """
    if not share.sidecars:
        return {}
    now = time.time()
    return {key: now - at for key, at in Alone(journal.database).times(share.name, now).items()}
