"""When the wall clock was last looked at, kept in the journal's database, so that a leap over a restart is seen."""

from gateway.spool.database import Database


class ClockNotes:
    """The note of one database. Times are seconds since 1970 (UTC)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> tuple[float, float] | None:
        """Return when the clock was last seen, and since when it had been steady; None when nobody has looked yet."""
        rows = self._database.rows("SELECT seen_at, steady_since FROM clock")
        return None if not rows else (rows[0][0], rows[0][1])

    def note(self, seen_at: float, steady_since: float) -> None:
        """Note a look."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO clock (one, seen_at, steady_since) VALUES (1, ?, ?)", (seen_at, steady_since)
            )
