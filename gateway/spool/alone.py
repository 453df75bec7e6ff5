"""Which files of a share went without a sidecar, and when: a late one must not address the next of its name."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from gateway.spool.database import Database
from hotfolder.shelf_life import EARLIEST_S

_DAY_S: Final = 86400.0


class Alone:
    """What went alone, of one database. Times are seconds since 1970 (UTC)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, share: str, keys: Iterable[str], at: float, since: float) -> None:
        """Note that these files of a share went without a sidecar; what was noted of it before ``since`` goes.

        Not what bears the time of a clock that was not set yet: that says nothing about when it was.
        """
        with self._database.transaction() as db:
            db.execute("DELETE FROM alone WHERE share = ? AND at >= ? AND at < ?", (share, EARLIEST_S, since))
            db.executemany(
                "INSERT OR REPLACE INTO alone (share, name, at) VALUES (?, ?, ?)",
                [(share, os.fsencode(key), at) for key in keys],
            )

    def times(self, share: str, now: float) -> dict[str, float]:
        """Return when which files of a share went without a sidecar, by key.

        A time of the future, or of before there was any scangate, is that of a clock that was wrong. It counts as now;
        also from now on, unless it is the clock of now that may be wrong.
        """
        rows = self._database.rows("SELECT name, at FROM alone WHERE share = ?", (share,))
        if now >= EARLIEST_S and any(not EARLIEST_S <= at <= now + _DAY_S for _, at in rows):
            with suppress(sqlite3.OperationalError), self._database.transaction() as db:  # a full disk: next time
                query = "UPDATE alone SET at = ? WHERE share = ? AND NOT (at >= ? AND at <= ?)"
                db.execute(query, (now, share, EARLIEST_S, now + _DAY_S))
        return {os.fsdecode(name): at if EARLIEST_S <= at <= now else now for name, at in rows}
