"""When to try again, and when to give up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.retry import Schedule, interval_s, is_over

SCHEDULE = Schedule(first_s=30.0, longest_s=900.0, lifetime_s=5 * 86400.0)


@pytest.mark.parametrize(
    ("tries", "jitter", "expected_s"),
    [
        (1, 1.0, 30),
        (2, 1.0, 60),
        (3, 1.0, 120),
        (5, 1.0, 480),
        (6, 1.0, 900),
        (100, 1.0, 900),
        (1, 0.0, 15),
        (0, 1.0, 30),
    ],
)
def test_interval_doubles_up_to_the_longest(tries: int, jitter: float, expected_s: float):
    """The wait doubles from the first interval, stops at the longest, and jitter spreads it over its upper half."""
    assert interval_s(tries, SCHEDULE, jitter) == expected_s


@given(st.integers(-5, 10**9), st.floats(-2, 3), st.floats(0.1, 1e4), st.floats(0.1, 1e5))
def test_interval_keeps_its_bounds(tries: int, jitter: float, first_s: float, longest_s: float):
    """Whatever the count and the jitter, a wait is positive and never longer than the longest."""
    schedule = Schedule(first_s, longest_s, 1.0)
    assert 0 < min(first_s, longest_s) / 2 <= interval_s(tries, schedule, jitter) <= longest_s


@given(st.integers(1, 60), st.floats(0, 1))
def test_interval_never_shrinks(tries: int, jitter: float):
    """With the same jitter a later try waits at least as long."""
    assert interval_s(tries, SCHEDULE, jitter) <= interval_s(tries + 1, SCHEDULE, jitter)


@pytest.mark.parametrize(("age_s", "expected"), [(0, False), (5 * 86400 - 1, False), (5 * 86400, True), (-3600, False)])
def test_lifetime_ends_when_it_is_over(age_s: float, expected: bool):  # noqa: FBT001  a table's column
    """A job is given up when its lifetime is over and not before, also when the clock was set back."""
    assert is_over(1_000_000.0, 1_000_000.0 + age_s, SCHEDULE) is expected
