"""The journal as the command line reads it."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.operate.records import NothingYetError, reading, span
from gateway.spool.database import JournalError
from gateway.spool.traffic import Pause
from tests.gateway.operate.given import desk


def test_reads_beside_a_writer(tmp_path: Path):
    """While the service has the journal open, another process reads what it has committed, and may not write."""
    with desk(tmp_path) as here, reading(tmp_path) as (journal, traffic):
        job_id = here.job()
        assert journal.job(job_id) is not None
        with pytest.raises(sqlite3.OperationalError):
            traffic.pause("up", Pause(1.0, 1, "", ""))


def test_no_journal_is_a_sentence(tmp_path: Path):
    """Without a journal the sentence says that nothing has run, and no file is made."""
    with pytest.raises(NothingYetError, match="has not run with this configuration yet"), reading(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\0" * 4000])
def test_a_damaged_journal_is_an_error_of_its_own(tmp_path: Path, content: bytes):
    """A file that is no journal raises what the command line tells in a sentence; it is left as it was."""
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises((JournalError, sqlite3.Error)), reading(tmp_path) as (journal, _):
        journal.counts()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5399, "90 min"),
        (5400, "2 h"),
        (7200, "2 h"),
        (129_599, "36 h"),
        (129_600, "2 d"),
        (432_000, "5 d"),
    ],
)
def test_a_duration_is_short(seconds: float, expected: str):
    """A duration is written in one unit that says enough."""
    assert span(seconds) == expected


@given(st.floats(0, 1e9))
def test_any_duration_fits_a_column(seconds: float):
    """No duration is longer than its column."""
    assert len(span(seconds)) <= 8
