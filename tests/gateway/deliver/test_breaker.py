"""How long a route at fault rests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.breaker import rest_s


@pytest.mark.parametrize(
    ("faults", "pause_s", "expected_s"),
    [
        (1, 0, 30),
        (2, 0, 60),
        (3, 0, 120),
        (10, 0, 900),
        (10**9, 0, 900),
        (1, 900, 900),
        (2, 900, 1800),
        (3, 900, 3600),
        (9, 900, 3600),
        (1, 3600, 3600),
        (5, 3600, 3600),
        (1, 60, 60),
    ],
)
def test_rests_longer_with_each_fault(faults: int, pause_s: float, expected_s: float):
    """An outage backs off from first to longest; a fault that needs a person from its own pause up to an hour."""
    assert rest_s(faults, pause_s, 30.0, 900.0) == expected_s


@given(st.integers(0, 10**6), st.floats(0.1, 7200))
def test_never_rests_shorter_than_the_fault_demands(faults: int, pause_s: float):
    """A refused login is never repeated before its pause is over, however the schedule is set."""
    assert rest_s(faults, pause_s, 0.1, 0.1) >= pause_s


@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(0.1, 900))
def test_an_outage_never_outlasts_the_longest_retry(faults: int, first_s: float, longest_s: float):
    """After an outage of any length mail flows again within the longest retry interval."""
    assert 0 < rest_s(faults, 0.0, first_s, longest_s) <= longest_s
