"""How long a route at fault rests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.breaker import LONGEST_S, quota_rest_s, rest_s
from gateway.deliver.fault import Kind

DAY_S = 86400.0


@pytest.mark.parametrize(
    ("kind", "faults", "pause_s", "expected_s"),
    [
        (Kind.OUTAGE, 1, 0, 30),
        (Kind.OUTAGE, 2, 0, 60),
        (Kind.OUTAGE, 3, 0, 120),
        (Kind.OUTAGE, 10, 0, 900),
        (Kind.OUTAGE, 10**9, 0, 900),
        (Kind.CONFIGURATION, 1, 900, 900),
        (Kind.CONFIGURATION, 2, 900, 1800),
        (Kind.CONFIGURATION, 3, 900, 3600),
        (Kind.CONFIGURATION, 9, 900, 3600),
        (Kind.LOCKOUT, 1, 3600, 3600),
        (Kind.LOCKOUT, 5, 3600, 3600),
        (Kind.CONNECTIONS, 1, 0, 60),
        (Kind.CONNECTIONS, 9, 60, 900),
        (Kind.RATE, 1, 60, 60),
        (Kind.RATE, 2, 60, 120),
        (Kind.ADDRESS, 1, 0, 300),
        (Kind.ADDRESS, 9, 300, 3600),
    ],
)
def test_rests_longer_with_each_fault(kind: Kind, faults: int, pause_s: float, expected_s: float):
    """An outage backs off from first to longest; any other from its own measure to an hour, or a quarter of one."""
    assert rest_s(kind, faults, pause_s, 30.0, 900.0) == expected_s


@given(st.sampled_from(Kind), st.integers(0, 10**6), st.floats(0.1, 7200), st.floats(0, 1))
def test_never_rests_shorter_than_the_fault_demands(kind: Kind, faults: int, pause_s: float, jitter: float):
    """A refused login is never repeated before its pause is over, however the schedule is set."""
    assert rest_s(kind, faults, pause_s, 0.1, 0.1, jitter) >= pause_s


@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(0.1, 900), st.floats(0, 1))
def test_row_1_an_outage_backs_off_within_its_bounds(faults: int, first_s: float, longest_s: float, jitter: float):
    """Row 1: the rest is spread over the upper half of the interval; mail flows again within the longest retry."""
    whole = rest_s(Kind.OUTAGE, faults, 0.0, first_s, longest_s)
    assert 0 < whole <= longest_s
    assert whole / 2 <= rest_s(Kind.OUTAGE, faults, 0.0, first_s, longest_s, jitter) <= whole


def test_a_quota_of_our_own_making_rests_until_the_first_leave():
    """When the day's recipients were ours the route rests until the oldest are a day old: probes were in vain."""
    assert quota_rest_s(1, 10_000, 9_900, 5 * 3600.0) == 5 * 3600.0
    assert quota_rest_s(7, 10_000, 9_900, 60.0) == 900.0


@given(st.integers(1, 10**6), st.none() | st.integers(1, 10_000), st.integers(0, 20_000), st.floats(0, DAY_S))
def test_a_quota_is_probed_slowly(faults: int, per_day: int | None, used: int, frees_in_s: float):
    """Never sooner than in 15 minutes, never later than in a day; in an hour when others use the mailbox too."""
    rest = quota_rest_s(faults, per_day, used, frees_in_s)
    assert 900 <= rest <= LONGEST_S
    if per_day is None or used < per_day / 2:
        assert rest <= 3600
