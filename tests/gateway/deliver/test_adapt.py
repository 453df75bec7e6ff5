"""An upstream that had too much gets less, and by and by all of it again."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver import adapt
from gateway.deliver.fault import Kind
from gateway.spool.traffic import Adaption

START = 1_800_000_000.0
HOUR_S = 3600.0
FAULTS = st.lists(st.tuples(st.floats(0, 3 * HOUR_S), st.sampled_from(Kind)), max_size=40)


def _after(faults: list[tuple[float, Kind]]) -> tuple[Adaption, float]:
    state, now = Adaption(), START
    for gap_s, kind in faults:
        now += gap_s
        state = adapt.adapt(state, kind, now)
    return state, now


@given(FAULTS, st.integers(1, 1000), st.integers(1, 10), st.floats(-1e9, 1e9))
def test_never_above_the_limit_and_never_nothing(faults, limit: int, connections: int, later_s: float):
    """Whatever was said and wherever the clock goes: at least one, at most what is configured."""
    state, now = _after(faults)
    assert 1 <= adapt.per_minute(state, limit, now + later_s) <= limit
    assert 1 <= adapt.connections(state, connections, now + later_s) <= connections


@given(FAULTS, st.integers(1, 1000), st.integers(1, 10))
def test_always_recovers(faults, limit: int, connections: int):
    """Without a further word it only grows, and after twelve hours it is whole, also by a clock set back meanwhile."""
    state, now = _after(faults)
    times = [now + step * 600.0 for step in range(73)]
    for seen in (
        [adapt.per_minute(state, limit, at) for at in times],
        [adapt.connections(state, connections, at) for at in times],
    ):
        assert seen == sorted(seen)
    for later_s in (12 * HOUR_S, 365 * 24 * HOUR_S, -365 * 24 * HOUR_S):
        assert adapt.per_minute(state, limit, now + later_s) == limit
        if later_s > 0 or state.shrunk_at > START:
            assert adapt.connections(state, connections, now + later_s) == connections


@given(FAULTS, st.sampled_from(Kind), st.integers(1, 1000))
def test_a_fault_never_makes_more(faults, kind: Kind, limit: int):
    """After each word it is less than before, or as much; a fault of another kind changes nothing."""
    state, now = _after(faults)
    adapted = adapt.adapt(state, kind, now)
    assert adapt.per_minute(adapted, limit, now) <= adapt.per_minute(state, limit, now)
    assert adapt.connections(adapted, 3, now) <= adapt.connections(state, 3, now)
    if kind not in {Kind.CONNECTIONS, Kind.RATE, Kind.ADDRESS}:
        assert adapted == state


def test_too_many_connections_leave_one():
    """Row 17: one for a minute after the minute's rest, then one more each minute; slower when again."""
    once = adapt.adapt(Adaption(), Kind.CONNECTIONS, START)
    assert [adapt.connections(once, 3, START + at) for at in (0, 60, 119, 120, 179, 180, 999)] == [1, 1, 1, 2, 2, 3, 3]
    twice = adapt.adapt(once, Kind.CONNECTIONS, START + 200)
    assert [adapt.connections(twice, 3, START + 200 + at) for at in (0, 179, 180, 300)] == [1, 1, 2, 3]
    later = adapt.adapt(twice, Kind.CONNECTIONS, START + HOUR_S)
    assert adapt.connections(later, 3, START + HOUR_S + 120) == 2


def test_a_rate_that_was_too_high_is_cut_by_a_third():
    """25 a minute become 16, and 25 again in ten minutes."""
    state = adapt.adapt(Adaption(), Kind.RATE, START)
    assert [adapt.per_minute(state, 25, START + at) for at in (0, 300, 600)] == [16, 20, 25]
    again = adapt.adapt(state, Kind.RATE, START + 60)
    assert adapt.per_minute(again, 25, START + 60) == 17 * 2 // 3


def test_a_throttled_address_takes_hours():
    """The pace is halved and whole again six hours later; a rate cut meanwhile does not hasten that."""
    state = adapt.adapt(Adaption(), Kind.ADDRESS, START)
    assert [adapt.per_minute(state, 60, START + hours * HOUR_S) for hours in (0, 1, 3, 6)] == [30, 35, 45, 60]
    faster = adapt.adapt(state, Kind.RATE, START)
    assert adapt.per_minute(faster, 60, START + 3 * HOUR_S) < 45
