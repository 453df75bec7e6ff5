"""Which jobs are pieces of one mail (message/partial), and the job that their whole became.

The index is kept in the journal's database and can be made anew: each piece says itself what it is. How pieces become
a whole, killed at any step: the members are noted with the id of the whole (``assign``), the whole is committed as a
job with hard links to their files (``commit_whole``) and entered, then each member ends as ``joined`` and its
directory goes. A member found with a whole noted is taken through the same steps again; each may be repeated.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.spool import files
from gateway.spool.database import Database
from gateway.spool.envelope import Envelope
from gateway.spool.files import Spool
from gateway.spool.job import JobId


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece: its job, its number from 1, how many there are (0: not said), what it carries, when it came.

    ``whole`` is the job that it was joined into, or is to be; empty before.
    """

    job: JobId
    number: int
    total: int
    sha256: str
    arrived_at: float
    whole: JobId


class Fragments:
    """The pieces of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, fragment: Fragment, mail: str) -> None:
        """Note a piece of a mail; a no-op when it is noted. ``mail`` is what all pieces of one mail have in common."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO fragment (job, mail, number, total, sha256, arrived_at, whole)"
                " VALUES (?, ?, ?, ?, ?, ?, '')",
                (fragment.job, mail, fragment.number, fragment.total, fragment.sha256, fragment.arrived_at),
            )

    def mail_of(self, job: JobId) -> str:
        """Return the mail that a job is noted as a piece of; empty for one that is not noted."""
        return next(
            (str(mail) for (mail,) in self._database.rows("SELECT mail FROM fragment WHERE job = ?", (job,))), ""
        )

    def of(self, mail: str) -> tuple[Fragment, ...]:
        """Return the pieces of a mail that wait, and those that were joined; not those that ended otherwise."""
        return self._rows("fragment.mail = ? AND (fragment.whole != '' OR job.state = 'accepted')", (mail,))

    def members(self, whole: JobId) -> tuple[Fragment, ...]:
        """Return the pieces noted for a whole, in order."""
        return self._rows("fragment.whole = ?", (whole,))

    def _rows(self, condition: str, values: tuple[str, ...]) -> tuple[Fragment, ...]:
        query = (
            "SELECT fragment.job, number, total, sha256, arrived_at, whole FROM fragment JOIN job ON job.id ="  # noqa: S608
            f" fragment.job WHERE {condition} ORDER BY number, fragment.job"
        )
        return tuple(Fragment(*row) for row in self._database.rows(query, values))

    def assign(self, whole: JobId, members: Iterable[JobId]) -> None:
        """Note for all members at once which job they become."""
        with self._database.transaction() as db:
            db.executemany("UPDATE fragment SET whole = ? WHERE job = ?", [(whole, job) for job in members])


def whole_envelope(first: Envelope, whole: JobId, pieces: Sequence[Envelope], rejected: str) -> Envelope:
    """Return the envelope of a whole: who, whence and when as the first piece that came; the files of all, in order."""
    domain = first.message_id.rpartition("@")[2]
    originals = tuple(
        replace(piece.originals[0], stored=f"{number:04d}", name=f"piece-{number}.eml")
        for number, piece in enumerate(pieces, 1)
    )
    return replace(first, id=whole, message_id=f"{whole}@{domain}", originals=originals, rejected=rejected)


def commit_whole(spool: Spool, envelope: Envelope, pieces: Sequence[Path]) -> None:
    """Make a whole a job; a no-op when it is one already. Its id stays in hand. Raises OSError.

    ``pieces`` are the files of the members, in the order of the envelope's originals.
    """
    if files.find(spool, envelope.id) is not None:
        return
    draft = files.begin_as(spool, envelope.id)
    try:
        for original, path in zip(envelope.originals, pieces, strict=True):
            os.link(path, draft.originals / original.stored)
        files.commit(spool, draft, envelope)
    except BaseException:
        files.discard(spool, draft)
        raise
