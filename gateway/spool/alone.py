"""Which files of a share went without a sidecar, and when: a late one must not address the next of its name."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from gateway.spool.database import Database


class Alone:
    """What went alone, of one database. Times are seconds since 1970 (UTC)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, share: str, keys: Iterable[str], at: float, since: float) -> None:
        """Note that these files of a share went without a sidecar; what was noted of it before ``since`` goes."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM alone WHERE share = ? AND at < ?", (share, since))
            db.executemany(
                "INSERT OR REPLACE INTO alone (share, name, at) VALUES (?, ?, ?)",
                [(share, os.fsencode(key), at) for key in keys],
            )

    def times(self, share: str, now: float) -> dict[str, float]:
        """Return when which files of a share went without a sidecar, by key.

        A time of the future, from a clock that was wrong, counts as now, also from now on.
        """
        rows = self._database.rows("SELECT name, at FROM alone WHERE share = ?", (share,))
        if any(at > now for _, at in rows):
            with suppress(sqlite3.OperationalError), self._database.transaction() as db:  # a full disk: next time
                db.execute("UPDATE alone SET at = ? WHERE share = ? AND at > ?", (now, share, now))
        return {os.fsdecode(name): min(at, now) for name, at in rows}
