"""An upstream's limits are kept by waiting."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.pacing import DAY_S, HOUR_S, MINUTE_S, Limits, Window

Sent = list[tuple[float, int]]

START = 1_800_000_000.0
GAPS_S = st.sampled_from([0.0, 0.1, 1.0, 7.0, 20.0, 59.0, 60.0, 61.0, 3600.0, 40_000.0])


def _most_in_a_window(sent: Sequence[tuple[float, int]], window_s: float, *, counts: bool) -> int:
    """The most messages, or recipients, in any half-open window of this length."""
    return max(
        (sum(count if counts else 1 for at, count in sent if start <= at < start + window_s) for start, _ in sent),
        default=0,
    )


def wait_s(sent: Sequence[tuple[float, int]], now: float, per_minute: int, per_day: int | None, recipients: int):
    """A window filled anew, as after a restart."""
    return Window(sent).wait_s(now, Limits(per_minute, per_day=per_day), recipients)


def _send_all(offers: Sequence[tuple[float, int]], per_minute: int, per_day: int | None) -> Sent:
    """Send each offer (gap before it, recipients) as soon as the pace allows, in simulated time."""
    now, sent = START, Sent()
    for gap_s, recipients in offers:
        now += gap_s
        for _ in range(100):
            wait = wait_s(sent, now, per_minute, per_day, recipients)
            assert 0 <= wait <= DAY_S
            if wait == 0:
                break
            now += wait
        else:
            raise AssertionError("the wait has no end")
        sent.append((now, recipients))
    return sent


@given(st.lists(st.tuples(GAPS_S, st.integers(1, 3)), max_size=40), st.integers(1, 5), st.integers(3, 12))
def test_no_window_ever_holds_more_than_its_limit(offers: Sent, per_minute: int, per_day: int):
    """However mail comes in, no 60 seconds hold more messages and no 24 hours more recipients than allowed."""
    sent = _send_all(offers, per_minute, per_day)
    # A microsecond short of the window: that is the resolution of the clock's sums here (2**-22 s near 2e9).
    assert _most_in_a_window(sent, MINUTE_S - 1e-6, counts=False) <= per_minute
    assert _most_in_a_window(sent, DAY_S - 1e-6, counts=True) <= per_day


@given(st.lists(st.tuples(GAPS_S, st.integers(1, 3)), max_size=30), st.integers(1, 5))
def test_never_waits_longer_than_needed(offers: Sent, per_minute: int):
    """Just before the wait is over the limit would still be broken; without a limit there is no wait."""
    sent = _send_all(offers, per_minute, None)
    now = sent[-1][0] if sent else START
    wait = wait_s(sent, now, per_minute, None, 1)
    if wait > 0:
        assert wait_s(sent, now + wait - 0.001, per_minute, None, 1) > 0
        recent = [at for at, _ in sent if now - MINUTE_S < at]
        assert len(recent) >= per_minute
    else:
        assert len([at for at, _ in sent if now - MINUTE_S < at]) < per_minute


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 15.0, 61.0]), st.integers(1, 3)), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 15.0, 61.0]), st.integers(1, 3)), min_size=1, max_size=12),
    st.integers(1, 4),
    st.floats(0.0, 600.0),
)
def test_limits_hold_when_the_clock_is_set_back(before: Sent, after: Sent, per_minute: int, back_s: float):
    """In true time the minute's limit holds also across a clock that is set back in between."""
    recorded = _send_all(before, per_minute, None)
    true_times = list(recorded)
    ahead_s = 0.0
    now = recorded[-1][0] - back_s
    ahead_s = back_s
    for gap_s, recipients in after:
        now += gap_s
        while (wait := wait_s(sorted(recorded), now, per_minute, None, recipients)) > 0:
            now += wait
        recorded.append((now, recipients))
        true_times.append((now + ahead_s, recipients))
    assert _most_in_a_window(true_times, MINUTE_S - 1e-6, counts=False) <= per_minute


def test_a_time_in_the_future_counts_as_now():
    """What was sent before the clock was set back counts as if it were sent this instant."""
    assert wait_s([(START + 500, 1)], START, 1, None, 1) == MINUTE_S
    assert wait_s([(START + 500, 3)], START, 9, 3, 1) == DAY_S


def test_a_day_opens_as_its_oldest_messages_leave():
    """The wait for recipients ends exactly when enough of the oldest are 24 hours old."""
    sent = [(START, 2), (START + 100, 2), (START + 200, 2)]
    assert wait_s(sent, START + 1000, 99, 6, 1) == DAY_S - 1000
    assert wait_s(sent, START + 1000, 99, 6, 3) == DAY_S - 900
    assert wait_s(sent, START + 1000, 99, 7, 1) == 0


@given(
    st.lists(st.tuples(st.sampled_from([-500.0, 0.0, 1.0, 59.0, 61.0, 3500.0, 50_000.0]), st.integers(1, 3))),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(3, 12),
)
def test_a_window_kept_in_memory_says_what_a_full_count_says(
    offers: Sent, per_minute: int, per_hour: int, per_day: int
):
    """However the clock moves, the window kept for months answers like a count of everything ever sent."""
    window, sent, now = Window(), Sent(), START
    limits = Limits(per_minute, per_hour, per_day)
    for gap_s, recipients in offers:
        now += gap_s
        sent = [(min(at, now), count) for at, count in sent]
        for length_s, most in ((MINUTE_S, per_minute), (HOUR_S, per_hour)):
            recent = [at for at, _ in sent if now - at < length_s]
            if len(recent) >= most:
                assert window.wait_s(now, limits, recipients) >= recent[-most] + length_s - now > 0
        used = sum(count for at, count in sent if now - at < DAY_S)
        is_free = (
            len([at for at, _ in sent if now - at < MINUTE_S]) < per_minute
            and len([at for at, _ in sent if now - at < HOUR_S]) < per_hour
            and (used == 0 or used + recipients <= per_day)
        )
        assert (window.wait_s(now, limits, recipients) == 0) is is_free
        assert window.recipients(now) == used
        window.add(now, recipients)
        sent.append((now, recipients))


def test_a_clock_that_ran_ahead_blocks_nobody_for_long():
    """What was counted by a clock a year ahead is a minute old a minute after the clock was set right."""
    window = Window([(START + 365 * DAY_S, 1)] * 5)
    limits = Limits(5, per_day=5)
    assert window.wait_s(START, limits, 1) == DAY_S
    assert window.wait_s(START + MINUTE_S, Limits(5), 1) == 0
    assert window.wait_s(START + DAY_S, limits, 1) == 0


def test_only_what_counts_is_kept():
    """What is older than the longest window is let go, so that a busy year costs no memory."""
    window = Window(kept_s=HOUR_S)
    for number in range(5000):
        window.add(START + number * 10.0, 1)
    assert len(window) == 360
