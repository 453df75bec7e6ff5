import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spool.database import Database
from gateway.spool.job import JobId
from gateway.spool.repeats import Repeats

A, B = "192.0.2.1", "192.0.2.2"
FIRST, SECOND = JobId("20261123T090257Z-k7q2"), JobId("20261123T090258Z-k7q3")


@pytest.fixture
def repeats(tmp_path):
    """What an empty journal knows of repeats."""
    database = Database(tmp_path / "journal.db")
    yield Repeats(database)
    database.close()


def test_a_mail_is_known_within_its_window(repeats):
    """What was noted is found by its client and digest, from that instant until the window is over."""
    repeats.note(A, "x", FIRST, 60.0, 1000.0)
    assert [repeats.taken(A, "x", 60.0, now) for now in (1000.0, 1059.9, 1060.0)] == [FIRST, FIRST, None]
    assert repeats.taken(B, "x", 60.0, 1001.0) is None
    assert repeats.taken(A, "y", 60.0, 1001.0) is None
    assert repeats.taken(A, "x", 0.5, 1001.0) is None


def test_the_last_note_counts(repeats):
    """A mail that was taken anew is found as the job it last became."""
    repeats.note(A, "x", FIRST, 60.0, 1000.0)
    repeats.note(A, "x", SECOND, 60.0, 1050.0)
    assert repeats.taken(A, "x", 60.0, 1100.0) == SECOND


def test_a_clock_that_was_wrong_makes_nothing_known(repeats):
    """What was noted for a time to come is not found now, nor when that time comes."""
    repeats.note(A, "x", FIRST, 60.0, 9000.0)
    assert repeats.taken(A, "x", 60.0, 1000.0) is None
    repeats.note(A, "y", SECOND, 60.0, 1000.0)
    assert repeats.taken(A, "x", 60.0, 9000.0) is None


def test_it_survives_a_restart(tmp_path):
    """What was noted is found by the next process."""
    for is_second in (False, True):
        database = Database(tmp_path / "journal.db")
        if is_second:
            assert Repeats(database).taken(A, "x", 60.0, 1001.0) == FIRST
        else:
            Repeats(database).note(A, "x", FIRST, 60.0, 1000.0)
        database.close()


def test_old_notes_are_forgotten(repeats):
    """Notes whose window is over are removed, so that the table holds no more than a window's mails."""
    for number in range(100):
        repeats.note(A, f"{number}", FIRST, 60.0, 1000.0 + number)
    rows = repeats._database.rows("SELECT count(*) FROM taken")
    assert rows == [(60,)]


@given(steps=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.floats(-50, 200)), max_size=30))
def test_what_is_found_was_noted_in_the_window(tmp_path_factory, steps):
    """Whatever the clock does, a mail is found only when the same was noted at most a window ago."""
    database = Database(tmp_path_factory.mktemp("j") / "journal.db")
    noted: dict[tuple[str, str], float] = {}
    now = 10_000.0
    for client, digest, gap in steps:
        now += gap
        found = Repeats(database).taken(client, digest, 60.0, now)
        at = noted.get((client, digest))
        assert found is None or (at is not None and 0 <= now - at < 60.0)
        Repeats(database).note(client, digest, FIRST, 60.0, now)
        noted[client, digest] = now
    database.close()
