"""Which failures were told by a mail of their own, and which wait for the mail that tells of all of them.

Kept in the journal's database, so that a restart neither forgets nor repeats one. ``place`` is the door that a scan
came through, as the journal spells it (``share/scans``); ``whom`` are those who are told. Times are seconds since 1970.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from conf.model import Address
from gateway.spool.database import Database
from gateway.spool.job import JobId

_OF: Final = "place = ? AND whom = ?"


@dataclass(frozen=True, slots=True)
class Desk:
    """About which door who is told."""

    place: str
    whom: tuple[Address, ...]

    @property
    def key(self) -> tuple[str, str]:
        """As it stands in the database; no address holds a space."""
        return self.place, " ".join(self.whom)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A failure that waits: the job, what failed (``kind``), and the line that tells of it."""

    job: JobId
    kind: str
    line: str


class Digests:
    """The notices of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def singles(self, desk: Desk) -> list[tuple[str, float]]:
        """Return what was told by a mail of its own, and when."""
        return [(kind, at) for kind, at in self._database.rows(f"SELECT kind, at FROM single WHERE {_OF}", desk.key)]  # noqa: S608

    def note_single(self, desk: Desk, kind: str, at: float, *, is_first: bool) -> None:
        """Note that one was told so; the first of an hour ends the count of the hour before."""
        with self._database.transaction() as db:
            if is_first:
                db.execute(f"DELETE FROM single WHERE {_OF}", desk.key)  # noqa: S608
            db.execute("INSERT INTO single (place, whom, kind, at) VALUES (?, ?, ?, ?)", (*desk.key, kind, at))

    def wait(self, desk: Desk, one: Waiting, until: float) -> None:
        """Have a failure wait; a repetition changes nothing."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO waiting (job, place, whom, kind, line, until) VALUES (?, ?, ?, ?, ?, ?)",
                (one.job, *desk.key, one.kind, one.line, until),
            )

    def is_waiting(self, job_id: JobId) -> bool:
        """Tell whether a failure waits."""
        return bool(self._database.rows("SELECT 1 FROM waiting WHERE job = ?", (job_id,)))

    def waits(self) -> list[tuple[Desk, float]]:
        """Return about which doors who is still to be told, and when."""
        query = "SELECT place, whom, min(until) FROM waiting WHERE mail = '' GROUP BY place, whom ORDER BY place, whom"
        return [(Desk(place, _addresses(whom)), until) for place, whom, until in self._database.rows(query)]

    def begin(self, desk: Desk, mail: JobId, kinds: Iterable[tuple[str, int]], until: float) -> None:
        """Put what waits into a mail, the oldest first: of each kind as many as are given; the others wait on."""
        with self._database.transaction() as db:
            for kind, most in kinds:
                db.execute(
                    f"UPDATE waiting SET mail = ? WHERE job IN (SELECT job FROM waiting WHERE {_OF} AND kind = ?"  # noqa: S608
                    " AND mail = '' ORDER BY job LIMIT ?)",
                    (mail, *desk.key, kind, most),
                )
            db.execute(f"UPDATE waiting SET until = ? WHERE {_OF} AND mail = ''", (until, *desk.key))  # noqa: S608

    def first(self, desk: Desk) -> JobId:
        """Return the oldest job that waits there. Raises KeyError when none does."""
        ((found,),) = self._database.rows(f"SELECT min(job) FROM waiting WHERE {_OF} AND mail = ''", desk.key)  # noqa: S608
        if found is None:
            raise KeyError(desk)
        return JobId(found)

    def begun(self) -> list[tuple[JobId, Desk]]:
        """Return the mails that were begun and not ended, with whom they tell of what."""
        query = "SELECT DISTINCT mail, place, whom FROM waiting WHERE mail <> '' ORDER BY mail"
        return [(JobId(mail), Desk(place, _addresses(whom))) for mail, place, whom in self._database.rows(query)]

    def lines(self, mail: JobId, kind: str, most: int) -> tuple[int, list[str]]:
        """Return how many of a kind a mail tells of, and the lines of the oldest of them."""
        ((count,),) = self._database.rows("SELECT count(*) FROM waiting WHERE mail = ? AND kind = ?", (mail, kind))
        query = "SELECT line FROM waiting WHERE mail = ? AND kind = ? ORDER BY job LIMIT ?"
        return count, [line for (line,) in self._database.rows(query, (mail, kind, most))]

    def end(self, mail: JobId) -> None:
        """Forget what a mail tells of, once it is a job: it is told."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM waiting WHERE mail = ?", (mail,))


def _addresses(whom: str) -> tuple[Address, ...]:
    return tuple(Address(address) for address in whom.split(" "))
