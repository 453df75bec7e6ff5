"""When each upstream's login was last tried for its own sake, and what came of it: a restart repeats none.

Kept in the journal's database. Times are seconds since 1970 (UTC).
"""

import sqlite3
from dataclasses import dataclass

from gateway.spool.database import Database


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The last test of one upstream; ``said`` is empty when the login worked."""

    at: float
    said: str
    advice: str


class SelfTests:
    """The tests of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, upstream: str, test: SelfTest) -> None:
        """Note what came of a test."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO self_test (upstream, at, said, advice) VALUES (?, ?, ?, ?)",
                (upstream, test.at, test.said, test.advice),
            )

    def last(self) -> dict[str, SelfTest]:
        """Return the last test of each upstream; none of a database that an older version wrote."""
        try:
            return {row[0]: SelfTest(*row[1:]) for row in self._database.rows("SELECT * FROM self_test")}
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return {}
            raise
