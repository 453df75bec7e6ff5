"""What is known of an upstream's faults outlives a restart, and who was told of which."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.spool.database import Database
from gateway.spool.job import JobId
from gateway.spool.outages import Outage, Outages

FIRST = Outage("submission", 100.0, 0.0, "configuration", 1, "535 no", "Check the secret.")
MAIL = JobId("20261125T090000Z-aaaa-n")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An open journal."""
    opened = Database(tmp_path / "journal.db")
    yield opened
    opened.close()


def test_an_outage_is_known_after_a_restart(tmp_path: Path):
    """What was noted last holds; another upstream's is another's."""
    for outage in (FIRST, replace(FIRST, faults=2), replace(FIRST, upstream="direct")):
        database = Database(tmp_path / "journal.db")
        Outages(database).note(outage)
        database.close()
    database = Database(tmp_path / "journal.db")
    assert Outages(database).of("submission") == (replace(FIRST, faults=2),)
    database.close()


def test_what_changes_leaves_who_was_told(database: Database):
    """The end of an outage does not make its beginning untold."""
    outages = Outages(database)
    outages.note(FIRST)
    outages.begin(MAIL, "submission", 200.0, [FIRST], [])
    outages.end(MAIL)
    outages.note(replace(FIRST, ended_at=300.0))
    assert outages.of("submission") == (replace(FIRST, ended_at=300.0, fault_mail=MAIL),)
    assert outages.begun() == []


def test_a_mail_that_was_not_made_told_nothing(database: Database):
    """Undone, all is as before, and does not count as a mail of this hour."""
    outages = Outages(database)
    outages.note(FIRST)
    outages.begin(MAIL, "submission", 200.0, [FIRST], [FIRST])
    assert outages.begun() == [MAIL]
    assert outages.of("submission") == (replace(FIRST, fault_mail=MAIL, end_mail=MAIL),)
    outages.undo(MAIL)
    assert outages.begun() == []
    assert outages.mails("submission") == []
    assert outages.of("submission") == (FIRST,)


def test_old_mails_are_forgotten(database: Database):
    """Those of the hour count, those before and those of the future do not; one that is being made stays."""
    outages = Outages(database)
    for number, at in enumerate((50.0, 200.0, 9e9)):
        outages.begin(JobId(f"{number}-n"), "submission", at, [], [])
        outages.end(JobId(f"{number}-n"))
    outages.begin(MAIL, "submission", 50.0, [], [])
    outages.prune(100.0, 300.0)
    assert sorted(outages.mails("submission")) == [50.0, 200.0]
    assert outages.begun() == [MAIL]


def test_what_is_forgotten_is_gone(database: Database):
    """One outage, not those beside it."""
    outages = Outages(database)
    for outage in (FIRST, replace(FIRST, began_at=500.0)):
        outages.note(outage)
    outages.forget([FIRST])
    assert outages.of("submission") == (replace(FIRST, began_at=500.0),)
