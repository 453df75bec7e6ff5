import sqlite3

import pytest

from gateway.spool import schema
from gateway.spool.database import DamagedJournalError, Database, JournalError


@pytest.fixture
def path(tmp_path):
    """Where the journal is."""
    return tmp_path / "journal.db"


def setting(database: Database, name: str) -> int | str:
    """The value of a PRAGMA on the database's own connection."""
    value: int | str = database.rows(f"PRAGMA {name}")[0][0]
    return value


def test_every_connection_is_durable(path):
    """The first connection and every later one writes ahead and flushes every commit: 2 is FULL."""
    for _ in range(2):
        database = Database(path)
        assert setting(database, "journal_mode") == "wal"
        assert setting(database, "synchronous") == 2
        assert setting(database, "foreign_keys") == 1
        assert setting(database, "busy_timeout") == 5000
        assert setting(database, "user_version") == schema.VERSION
        database.close()


def test_only_what_a_start_finds_out_by_itself_is_not_flushed(path):
    """A transaction is flushed unless its caller says otherwise, also behind one that was not, or that failed."""
    database = Database(path)
    with database.transaction(is_flushed=False) as db:
        db.execute("INSERT INTO transfer VALUES ('a', 1.0, 1)")
        assert db.execute("PRAGMA synchronous").fetchone() == (1,)
    with pytest.raises(ZeroDivisionError), database.transaction(is_flushed=False):
        raise ZeroDivisionError
    with database.transaction() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    database.close()


def test_a_transaction_that_cannot_be_flushed_is_not_begun(path):
    """When the change back to flushing is refused, within a transaction that could not be ended, nothing is written."""
    database = Database(path)
    with database.transaction(is_flushed=False):
        pass
    database._db.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError), database.transaction():
        pytest.fail("it was begun")
    database._db.execute("ROLLBACK")
    with database.transaction() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    database.close()


def test_a_newer_journal_is_refused_and_untouched(path):
    """A journal that a newer version wrote is refused with the mend, and not changed."""
    Database(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="newer scangate; install that version again") as caught:
        Database(path)
    assert not isinstance(caught.value, DamagedJournalError)
    assert path.read_bytes() == before


@pytest.mark.parametrize("spoil", ["head", "middle", "noise"])
def test_a_damaged_journal_is_told_as_such(path, spoil):
    """A file that is no database, or one with a page overwritten, is told as damaged, never used."""
    database = Database(path)
    with database.transaction() as db:
        db.executemany("INSERT INTO transfer VALUES ('a', ?, 1)", [(float(n),) for n in range(5000)])
    database.close()
    data = bytearray(path.read_bytes())
    match spoil:
        case "head":
            data[:100] = b"\xff" * 100
        case "middle":
            data[len(data) // 2 : len(data) // 2 + 8192] = b"\xff" * 8192
        case _:
            data[:] = b"this is no journal" * 200
    path.write_bytes(data)
    with pytest.raises(DamagedJournalError, match=r"journal\.db is damaged"):
        Database(path)


def test_a_transaction_is_all_or_nothing(path):
    """What a block wrote before it raised is undone, and the next transaction works."""
    database = Database(path)

    def half() -> None:
        with database.transaction() as db:
            db.execute("INSERT INTO transfer VALUES ('a', 1.0, 1)")
            raise KeyError

    with pytest.raises(KeyError):
        half()
    with database.transaction() as db:
        db.execute("INSERT INTO transfer VALUES ('b', 1.0, 1)")
    assert database.rows("SELECT upstream FROM transfer") == [("b",)]
    database.close()


def test_a_transaction_is_seen_by_another_connection_when_it_ends(path):
    """What was committed is there for whoever opens the file, though the first connection was never closed."""
    first = Database(path)
    with first.transaction() as db:
        db.execute("INSERT INTO transfer VALUES ('a', 1.0, 1)")
    second = Database(path, read_only=True)
    assert second.rows("SELECT upstream FROM transfer") == [("a",)]
    second.close()
    first.close()


def test_read_only_writes_nothing(path):
    """The command line's connection cannot write, and does not make a journal where there is none."""
    with pytest.raises(sqlite3.OperationalError):
        Database(path, read_only=True)
    assert not path.exists()
    Database(path).close()
    reader = Database(path, read_only=True)
    with pytest.raises(sqlite3.OperationalError), reader.transaction() as db:
        db.execute("INSERT INTO transfer VALUES ('a', 1.0, 1)")
    reader.close()


def test_an_odd_path_is_a_path(tmp_path):
    """A state directory whose name has signs of an address in it is opened as it is written."""
    odd = tmp_path / "a?b#c%41 d"
    odd.mkdir()
    Database(odd / "journal.db").close()
    assert (odd / "journal.db").is_file()


def test_a_journal_of_an_older_version_is_taken_on(path):
    """A file without the newer tables and indexes gets them, and keeps its rows and its version number."""
    older = Database(path)
    with older.transaction() as db:
        db.execute("DROP TABLE alert")
        db.execute("DROP INDEX job_by_origin")
        db.execute("INSERT INTO transfer VALUES ('a', 1.0, 1)")
    older.close()
    newer = Database(path)
    assert newer.rows("SELECT * FROM transfer") == [("a", 1.0, 1)]
    assert newer.rows("SELECT * FROM alert") == []
    (plan,) = newer.rows("EXPLAIN QUERY PLAN SELECT * FROM job WHERE origin = 'a' ORDER BY id DESC LIMIT 10")
    assert "job_by_origin" in plan[3]
    assert setting(newer, "user_version") == 1
    newer.close()
