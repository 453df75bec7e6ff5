"""What went through each upstream: messages counted against its limits, and whether it rests.

Kept in the journal's database, so that a restart resets neither. Times are seconds since 1970 (UTC).
"""

from dataclasses import dataclass
from typing import Final

from gateway.spool.database import Database

FOR_A_PERSON: Final = frozenset({"configuration", "lock-out"})
"""The kinds of fault that no waiting mends."""


@dataclass(frozen=True, slots=True)
class Pause:
    """An upstream at fault rests until a time, after so many faults in a row; what was said, what to do.

    ``since`` is when it was last well, as far as is known; 0 when it is not. ``kind``: what kind of fault it is.
    """

    until: float
    faults: int
    said: str
    advice: str
    since: float = 0.0
    kind: str = ""


class Traffic:
    """The upstreams of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_transfer(self, upstream: str, at: float, recipients: int) -> None:
        """Count a message handed to an upstream against its limits; counts older than 25 hours go."""
        with self._database.transaction() as db:
            db.execute("INSERT INTO transfer (upstream, at, recipients) VALUES (?, ?, ?)", (upstream, at, recipients))
            db.execute("DELETE FROM transfer WHERE at < ?", (at - 25 * 3600,))

    def pause(self, upstream: str, pause: Pause) -> None:
        """Note that an upstream rests."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO route (upstream, paused_until, faults, said, advice) VALUES (?, ?, ?, ?, ?)",
                (upstream, pause.until, pause.faults, pause.said, pause.advice),
            )
            db.execute(
                "INSERT INTO fault (upstream, since, kind) VALUES (?, ?, ?)"
                " ON CONFLICT (upstream) DO UPDATE SET since = excluded.since, kind = excluded.kind",
                (upstream, pause.since, pause.kind),
            )

    def resume(self, upstream: str) -> bool:
        """Note that an upstream works; True when it was paused before."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM fault WHERE upstream = ?", (upstream,))
            return db.execute("DELETE FROM route WHERE upstream = ?", (upstream,)).rowcount > 0

    def transfers(self, upstream: str, since: float) -> list[tuple[float, int]]:
        """Return time and recipient count of each message handed to an upstream since a time, oldest first."""
        return [
            (at, recipients)
            for at, recipients in self._database.rows(
                "SELECT at, recipients FROM transfer WHERE upstream = ? AND at >= ? ORDER BY at", (upstream, since)
            )
        ]

    def pauses(self) -> dict[str, Pause]:
        """Return the upstreams that are or were at fault and have not worked since."""
        query = (
            "SELECT upstream, paused_until, faults, said, advice, coalesce(since, 0.0), coalesce(kind, '')"
            " FROM route LEFT JOIN fault USING (upstream)"
        )
        return {row[0]: Pause(*row[1:]) for row in self._database.rows(query)}
