"""A clock is trusted with ages only after it has run on for a day."""

import pytest

from gateway.deliver.steady import DAY_S, Begun, Clock, doubted, is_steady, looked
from gateway.spool.clock_notes import ClockNotes
from gateway.spool.database import Database
from hotfolder.shelf_life import EARLIEST_S

NOW = EARLIEST_S + 300 * DAY_S


@pytest.mark.parametrize(
    ("known", "now", "then"),
    [
        (None, NOW, Clock(NOW, NOW)),
        (Clock(NOW - 3600, NOW - 5 * DAY_S), NOW, Clock(NOW, NOW - 5 * DAY_S)),
        (Clock(NOW - 2 * DAY_S, NOW - 5 * DAY_S), NOW, Clock(NOW, NOW)),
        (Clock(NOW + 3600, NOW - 5 * DAY_S), NOW, Clock(NOW, NOW)),
        (Clock(NOW, NOW - DAY_S), 3600.0, Clock(NOW, NOW - DAY_S)),
        (None, 3600.0, None),
    ],
)
def test_a_leap_begins_a_day_anew(known: Clock | None, now: float, then: Clock | None):
    """A leap forward or back, or a day without a look, is noted; a clock before its time is not looked at."""
    assert looked(known, now) == then


def test_steady_is_a_day_without_a_leap():
    """Until then, and by a clock that stands before its time, no age is told."""
    assert not is_steady(None, NOW)
    assert not is_steady(Clock(NOW, NOW - DAY_S + 1), NOW)
    assert is_steady(Clock(NOW, NOW - DAY_S), NOW)
    assert not is_steady(Clock(NOW, NOW - DAY_S), 3600.0)


def test_the_times_before_the_clock_was_set_are_known():
    """Set forward since the start: what it showed until then is doubted. A clock that runs on, or goes back, is not."""
    begun = Begun(NOW, 100.0)
    assert doubted(begun, Begun(NOW + 60 * DAY_S, 130.0)) == (NOW, NOW + 30.0)
    assert doubted(begun, Begun(NOW + 5 * DAY_S, 100.0 + 5 * DAY_S)) is None
    assert doubted(begun, Begun(NOW - 5 * DAY_S, 130.0)) is None


def test_the_note_outlasts_a_restart(tmp_path):
    """What was seen of the clock is there after the next start."""
    database = Database(tmp_path / "journal.db")
    assert ClockNotes(database).last() is None
    ClockNotes(database).note(2.0, 1.0)
    ClockNotes(database).note(3.0, 1.0)
    database.close()
    again = Database(tmp_path / "journal.db")
    assert ClockNotes(again).last() == (3.0, 1.0)
    again.close()
