"""What went through each upstream: messages counted against its limits, and whether it rests.

Kept in the journal's database, so that a restart resets neither. Times are seconds since 1970 (UTC).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.spool.database import Database

_KEPT_S: Final = 25 * 3600.0

FOR_A_PERSON: Final = frozenset({"configuration", "lock-out"})
"""The kinds of fault that no waiting mends."""


@dataclass(frozen=True, slots=True)
class Pause:
    """An upstream at fault rests until a time, after so many faults of a kind in a row; what was said, what to do.

    ``since`` is when it was last well, as far as is known; 0 when it is not.
    """

    until: float
    faults: int
    said: str
    advice: str
    since: float = 0.0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Adaption:
    """How much less an upstream is used since it said that it was too much; as it is made, not at all.

    Of the pace ``share`` was left at ``slowed_at``, and it grows from nothing to whole in ``whole_s``. Connections were
    one at ``shrunk_at``, and one more comes after each ``step_s``.
    """

    share: float = 1.0
    slowed_at: float = 0.0
    whole_s: float = 0.0
    shrunk_at: float = 0.0
    step_s: float = 0.0


def request_path(state: Path, upstream: str) -> Path:
    """Return the file whose existence asks the service to try an upstream at once; the service removes it."""
    return state / f"resume-{upstream}"


class Traffic:
    """The upstreams of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """The database, which holds more than the upstreams."""
        return self._database

    def count_transfer(self, upstream: str, at: float, recipients: int) -> None:
        """Count a message handed to an upstream against its limits; counts older than 25 hours go.

        It waits for no flush: that of the job's state `sending` comes before the final dot, and flushes this too.
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

    def note_day(self, upstream: str, day: int) -> None:
        """Note a day (UTC, since 1970) on which an upstream took mail."""
        with self._database.transaction(is_flushed=False) as db:
            db.execute("INSERT OR IGNORE INTO active_day (upstream, day) VALUES (?, ?)", (upstream, day))

    def days(self, upstream: str) -> set[int]:
        """Return the days on which an upstream took mail, as far as they were noted."""
        return {day for (day,) in self._database.rows("SELECT day FROM active_day WHERE upstream = ?", (upstream,))}

    def probe(self, upstream: str, now: float) -> bool:
        """Let an upstream that rests be tried at once, with the jobs that wait for it; False when it is not at fault.

        Should it still be at fault, it rests as after a first fault.
        """
        with self._database.transaction() as db:
            found = db.execute("SELECT paused_until FROM route WHERE upstream = ?", (upstream,)).fetchone()
            if found is None:
                return False
            db.execute("UPDATE route SET paused_until = 0, faults = 0 WHERE upstream = ?", (upstream,))
            # Those that wait for this pause wait until its very end.
            db.execute(
                "UPDATE job SET next_try_at = ? WHERE state = 'deferred' AND next_try_at = ? AND next_try_at > ?",
                (now, found[0], now),
            )
            return True

    def warn(self, upstream: str) -> bool:
        """Note that the fault of an upstream was warned of; False when it was already."""
        with self._database.transaction() as db:
            query = "UPDATE fault SET is_warned = 1 WHERE upstream = ? AND is_warned = 0"
            return db.execute(query, (upstream,)).rowcount > 0

    def note_settings(self, upstream: str, mark: str) -> None:
        """Note with which settings an upstream is at fault."""
        with self._database.transaction() as db:
            db.execute("UPDATE fault SET settings = ? WHERE upstream = ?", (mark, upstream))

    def settings_mark(self, upstream: str) -> str:
        """Return the mark of the settings with which an upstream is at fault; empty when there is none."""
        rows = self._database.rows("SELECT settings FROM fault WHERE upstream = ?", (upstream,))
        return str(rows[0][0]) if rows else ""

    def adapt(self, upstream: str, adaption: Adaption) -> None:
        """Note how much less an upstream is used."""
        values = (adaption.share, adaption.slowed_at, adaption.whole_s, adaption.shrunk_at, adaption.step_s)
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO adaption VALUES (?, ?, ?, ?, ?, ?)", (upstream, *values))

    def adaption(self, upstream: str) -> Adaption:
        """Return how much less an upstream is used."""
        rows = self._database.rows(
            "SELECT share, slowed_at, whole_s, shrunk_at, step_s FROM adaption WHERE upstream = ?", (upstream,)
        )
        return Adaption(*rows[0]) if rows else Adaption()

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
