from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import Address
from gateway.spool.job import (
    MOVES,
    OWED,
    Fate,
    JobId,
    Recipient,
    State,
    closing_state,
    is_job_id,
    new_job_id,
    notice_id,
)

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  zone added


def test_every_state_has_its_moves():
    """MOVES names every state, and leads to no state that it does not name."""
    assert set(MOVES) == set(State)
    assert set().union(*MOVES.values()) <= set(State)


def test_sent_is_final():
    """Nothing that was sent is ever sent again."""
    assert MOVES[State.SENT] == frozenset()


@pytest.mark.parametrize("state", sorted(State))
def test_only_owed_states_lead_to_sent(state):
    """A failed or quarantined scan is sent only after it was taken up again, never directly."""
    if State.SENT in MOVES[state]:
        assert state in OWED


@pytest.mark.parametrize("state", sorted(OWED))
def test_every_owed_state_can_end(state):
    """From every state in which somebody waits, a job can reach sent, failed and quarantine."""
    reached, left = {state}, [state]
    while left:
        fresh = MOVES[left.pop()] - reached
        reached |= fresh
        left.extend(fresh)
    assert {State.SENT, State.FAILED, State.QUARANTINE} <= reached


@pytest.mark.parametrize(
    ("fates", "expected"),
    [
        ((Fate.SENT,), State.SENT),
        ((Fate.SENT, Fate.SENT), State.SENT),
        ((Fate.SENT, Fate.FAILED), State.FAILED),
        ((Fate.FAILED,), State.FAILED),
        ((Fate.PENDING,), None),
        ((Fate.SENT, Fate.PENDING), None),
        ((Fate.FAILED, Fate.PENDING), None),
    ],
)
def test_closing_state(fates, expected):
    """A job ends only when nobody waits any more, and as failed when one recipient was refused."""
    recipients = tuple(Recipient(Address(f"r{number}@contoso.com"), fate) for number, fate in enumerate(fates))
    assert closing_state(recipients) is expected


@given(MOMENTS, st.integers(1, 10**6), st.integers(-14, 14))
def test_ids_sort_by_arrival(moment, later_s, zone_h):
    """An id sorts after every id of an earlier second, whatever the time zone of the clock."""
    zone = timezone(timedelta(hours=zone_h))
    first, second = new_job_id(moment), new_job_id((moment + timedelta(seconds=later_s)).astimezone(zone))
    assert first < second
    assert is_job_id(first)
    assert is_job_id(notice_id(first))


def test_ids_of_one_second_differ():
    """A hundred scans of one second get at least 99 ids: 20 random bits; the spool asks again for the rest."""
    assert len({new_job_id(datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)) for _ in range(100)}) >= 99


def test_the_id_in_a_ticket():
    """The id starts with the time of arrival in UTC, and a notice's id with that of its job."""
    assert new_job_id(datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)).startswith("20261123T090257Z-")
    assert notice_id(JobId("20261123T090257Z-k7q2")) == "20261123T090257Z-k7q2-n"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "20261123T090257Z-K7Q2", "20261123T090257Z-k7q2-n-n", "20261123T090257Z-k7q2/..", "tmp",
     "20261123T090257Z-k7q2\n", "20261123T090257Z-k7q1"],
)  # fmt: skip
def test_other_names_are_no_ids(name):
    """A name that we did not make is not the id of a job."""
    assert not is_job_id(name)


@given(st.text())
def test_an_id_is_always_a_plain_name(text):
    """Whatever passes as an id stays within its directory."""
    if is_job_id(text):
        assert "/" not in text
        assert text.isascii()
