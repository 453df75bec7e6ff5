"""A new box is slow at first, and whole after a week of mail."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.pacing import DAY_S, Limits
from gateway.deliver.ramp import DAYS, FIRST_PER_HOUR, FIRST_PER_MINUTE, day_of, limits, ramp_day

NOON = 20_000 * DAY_S + DAY_S / 2


def test_a_week_from_ten_to_sixty():
    """The default of 60 a minute is reached by steps that are alike, and the hour's limit grows with it."""
    assert [limits(day, 60).per_minute for day in range(1, 9)] == [10, 12, 16, 21, 27, 35, 46, 60]
    assert [limits(day, 60).per_hour for day in range(1, 9)] == [200, 302, 456, 690, 1043, 1576, 2382, None]


@given(st.integers(1, 30), st.integers(1, 1000))
def test_never_above_what_is_configured_and_never_slower_than_the_day_before(day: int, per_minute: int):
    """However low or high the configured pace is, each day has at least what the one before had, and at least one."""
    today, tomorrow = limits(day, per_minute), limits(day + 1, per_minute)
    assert min(FIRST_PER_MINUTE, per_minute) <= today.per_minute <= tomorrow.per_minute <= per_minute
    if today.per_hour is not None:
        assert min(FIRST_PER_HOUR, per_minute * 60) <= today.per_hour <= per_minute * 60
        assert tomorrow.per_hour is None or today.per_hour <= tomorrow.per_hour
    assert limits(DAYS + 1, per_minute) == Limits(per_minute)


def test_only_days_with_mail_count():
    """Today is not over, an idle week is no week of mail, and a day counts once."""
    today = day_of(NOON)
    assert ramp_day([], NOON) == 1
    assert ramp_day([today], NOON) == 1
    assert ramp_day([today - 30, today - 30, today], NOON) == 2
    assert ramp_day([*range(today - 9, today)], NOON) > DAYS
