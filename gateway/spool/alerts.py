"""Of what in which share the admin was told already, so that a restart tells nothing twice.

Kept in the journal's database. Times are seconds since 1970 (UTC); names are the bytes of the file system.
"""

import os
from collections.abc import Iterable

from gateway.spool.database import Database


class Alerts:
    """What was told, of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, share: str) -> dict[str, float]:
        """Return the names in a share that were told of, and when."""
        rows = self._database.rows("SELECT name, at FROM alert WHERE share = ?", (share,))
        return {os.fsdecode(name): at for name, at in rows}

    def note(self, share: str, names: Iterable[str], at: float) -> None:
        """Note that these names were told of."""
        with self._database.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO alert (share, name, at) VALUES (?, ?, ?)",
                [(share, os.fsencode(name), at) for name in names],
            )

    def forget(self, share: str, names: Iterable[str]) -> None:
        """Forget names that are no longer there: under the same name something else may come."""
        with self._database.transaction() as db:
            db.executemany(
                "DELETE FROM alert WHERE share = ? AND name = ?", [(share, os.fsencode(name)) for name in names]
            )
