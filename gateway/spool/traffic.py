"""What went through each upstream: messages counted against its limits, and whether it rests.

Kept in the journal's database, so that a restart resets neither. Times are seconds since 1970 (UTC).
"""

from dataclasses import dataclass
from typing import Final

from gateway.spool.database import Database

_KEPT_S: Final = 25 * 3600.0


@dataclass(frozen=True, slots=True)
class Pause:
    """An upstream at fault rests until a time, after so many faults in a row; what was said, and what to do."""

    until: float
    faults: int
    said: str
    advice: str


class Traffic:
    """The upstreams of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_transfer(self, upstream: str, at: float, recipients: int) -> None:
        """Count a message handed to an upstream against its limits; counts older than 25 hours go.

        It is on disk with the job's next step, which stands before the final dot (see ``Database.transaction``).
        """
        with self._database.transaction(is_flushed=False) as db:
            db.execute("INSERT INTO transfer (upstream, at, recipients) VALUES (?, ?, ?)", (upstream, at, recipients))
            db.execute("DELETE FROM transfer WHERE upstream = ? AND at < ?", (upstream, at - _KEPT_S))

    def begin(self, now: float) -> None:
        """Set right at a start what was counted by a clock that ran ahead, and forget what is too old to count."""
        with self._database.transaction() as db:
            db.execute("UPDATE transfer SET at = ? WHERE at > ?", (now, now))
            db.execute("DELETE FROM transfer WHERE at < ?", (now - _KEPT_S,))

    def pause(self, upstream: str, pause: Pause) -> None:
        """Note that an upstream rests."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO route (upstream, paused_until, faults, said, advice) VALUES (?, ?, ?, ?, ?)",
                (upstream, pause.until, pause.faults, pause.said, pause.advice),
            )

    def resume(self, upstream: str) -> bool:
        """Note that an upstream works; True when it was paused before."""
        with self._database.transaction() as db:
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
        return {row[0]: Pause(*row[1:]) for row in self._database.rows("SELECT * FROM route")}
