"""When each upstream was at fault, and which mails told of it, so that a restart tells nothing twice.

Kept in the journal's database. Times are seconds since 1970 (UTC).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.spool.database import Database
from gateway.spool.job import JobId

_OUTAGE: Final = "SELECT upstream, began_at, ended_at, kind, faults, said, advice, fault_mail, end_mail FROM outage"
_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Outage:
    """One time that an upstream was at fault; ``ended_at`` is 0 while it is.

    ``fault_mail`` and ``end_mail`` are the mails that tell of its beginning and of its end; empty when none does.
    """

    upstream: str
    began_at: float
    ended_at: float
    kind: str
    faults: int
    said: str
    advice: str
    fault_mail: str = ""
    end_mail: str = ""


class Outages:
    """Those of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, upstream: str) -> tuple[Outage, ...]:
        """Return the outages of an upstream that are known, the oldest first."""
        rows = self._database.rows(f"{_OUTAGE} WHERE upstream = ? ORDER BY began_at", (upstream,))
        return tuple(Outage(*row) for row in rows)

    def note(self, outage: Outage) -> None:
        """Note an outage, or what has changed about it; which mails tell of it stays."""
        facts = (outage.ended_at, outage.kind, outage.faults, outage.said, outage.advice)
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO outage (upstream, began_at, ended_at, kind, faults, said, advice)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (upstream, began_at) DO UPDATE SET ended_at = excluded.ended_at, kind = excluded.kind,"
                " faults = excluded.faults, said = excluded.said, advice = excluded.advice",
                (outage.upstream, outage.began_at, *facts),
            )

    def forget(self, outages: Iterable[Outage]) -> None:
        """Forget outages of which nothing more is to be told."""
        with self._database.transaction() as db:
            db.executemany(
                "DELETE FROM outage WHERE upstream = ? AND began_at = ?",
                [(outage.upstream, outage.began_at) for outage in outages],
            )

    def begin(self, mail: JobId, upstream: str, at: float, begun: Iterable[Outage], ended: Iterable[Outage]) -> None:
        """Note that a mail is to tell of these beginnings and ends, in one transaction; ``end`` or ``undo`` follows."""
        with self._database.transaction() as db:
            db.execute("INSERT INTO outage_mail (mail, upstream, at) VALUES (?, ?, ?)", (mail, upstream, at))
            for column, outages in (("fault_mail", begun), ("end_mail", ended)):
                db.executemany(
                    f"UPDATE outage SET {column} = ? WHERE upstream = ? AND began_at = ?",  # noqa: S608
                    [(mail, outage.upstream, outage.began_at) for outage in outages],
                )

    def begun(self) -> list[JobId]:
        """Return the mails that were begun and of which nobody noted whether they became jobs."""
        return [JobId(mail) for (mail,) in self._database.rows("SELECT mail FROM outage_mail WHERE is_made = 0")]

    def end(self, mail: JobId) -> None:
        """Note that a mail is a job: what it tells of is told."""
        with self._database.transaction() as db:
            db.execute("UPDATE outage_mail SET is_made = 1 WHERE mail = ?", (mail,))

    def undo(self, mail: JobId) -> None:
        """Note that a mail did not become a job: what it was to tell of is still to be told."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM outage_mail WHERE mail = ?", (mail,))
            db.execute("UPDATE outage SET fault_mail = '' WHERE fault_mail = ?", (mail,))
            db.execute("UPDATE outage SET end_mail = '' WHERE end_mail = ?", (mail,))

    def mails(self, upstream: str) -> list[float]:
        """Return when mails about an upstream were begun."""
        return [at for (at,) in self._database.rows("SELECT at FROM outage_mail WHERE upstream = ?", (upstream,))]

    def prune(self, before: float, now: float) -> None:
        """Forget the mails begun before a time, and those of the future, by a clock that was wrong."""
        if self._database.rows("SELECT 1 FROM outage_mail WHERE is_made = 1 AND (at < ? OR at > ?)", (before, now)):
            with self._database.transaction() as db:
                db.execute("DELETE FROM outage_mail WHERE is_made = 1 AND (at < ? OR at > ?)", (before, now))

    def is_drained(self, ended_at: float) -> bool:
        """Tell whether no scan that arrived before an upstream worked again is still to be sent."""
        query = (
            "SELECT 1 FROM job WHERE state IN ('ready', 'sending', 'deferred') AND created_at <= ?"
            " AND origin NOT LIKE 'notice/%' LIMIT 1"
        )
        return not self._database.rows(query, (ended_at,))

    def waited(self, since: float, until: float) -> list[JobId]:
        """Return the scans that were put off between two times, whichever upstream they waited for."""
        query = (
            "SELECT DISTINCT history.job FROM history JOIN job ON job.id = history.job"
            " WHERE history.state = 'deferred' AND history.at BETWEEN ? AND ? AND origin NOT LIKE 'notice/%' LIMIT ?"
        )
        return [JobId(job) for (job,) in self._database.rows(query, (since, until, _MOST))]
