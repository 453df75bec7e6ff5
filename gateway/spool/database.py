"""The journal's file: one SQLite connection, WAL and synchronous=FULL, one lock around it.

Every call blocks; callers on the event loop go through a thread.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gateway.spool import schema

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class JournalError(Exception):
    """The journal cannot be used by this version; the sentence says why and what to do."""


class DamagedJournalError(JournalError):
    """The journal's file is damaged: it is to be put aside and rebuilt from the job directories."""


class Database:
    """The open file. Raises DamagedJournalError, JournalError when a newer version wrote it.

    ``read_only`` is for the command line beside a running service: it never writes and never makes the file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._is_flushing = True
        address = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        self._db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(read_only=read_only)
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise
            raise DamagedJournalError(f"{path} is damaged ({error})") from error
        except JournalError:
            self._db.close()
            raise

    def _prepare(self, *, read_only: bool) -> None:
        if read_only:
            self._db.execute("PRAGMA query_only=ON")
        else:
            for pragma in schema.PRAGMAS:
                self._db.execute(pragma)
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found > schema.VERSION:
            raise JournalError("the journal was written by a newer scangate; install that version again")
        if read_only:
            return
        (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedJournalError(f"{self.path} is damaged ({verdict})")
        self._db.executescript(schema.TABLES)
        self._db.execute(f"PRAGMA user_version={schema.VERSION}")

    def close(self) -> None:
        """Close the connection; what was written stays."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self, *, is_flushed: bool = True) -> Iterator[sqlite3.Connection]:
        """Everything inside is on disk when the block ends, or nothing of it when it raises.

        Not ``is_flushed``: it is there for every reader and survives a kill, and is on disk with the next one that is
        flushed. For what a start would find out by itself.
        """
        with self._lock:
            self._flush_commits(wanted=is_flushed)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                self._raise_if_damaged(error)
                raise

    def _flush_commits(self, *, wanted: bool) -> None:
        """Raises sqlite3.Error when that cannot be set; then no transaction is begun."""
        if wanted is not self._is_flushing:
            self._db.execute(schema.FLUSHED if wanted else schema.UNFLUSHED)
            self._is_flushing = wanted

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of one query."""
        with self._lock:
            try:
                return self._db.execute(query, tuple(values)).fetchall()
            except sqlite3.Error as error:
                self._raise_if_damaged(error)
                raise

    def _raise_if_damaged(self, error: BaseException) -> None:
        """A journal found damaged ends the service: the next start puts it aside and makes it anew."""
        if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise DamagedJournalError(f"{self.path} is damaged ({error})") from error
