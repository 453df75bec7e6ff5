import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.shelf_life import EARLIEST_S, Kept, Plan, ShelfLife, plan

DAY_S = 86400.0
NOW = EARLIEST_S + 100 * DAY_S
LIFE = ShelfLife(30 * DAY_S, 100)


def ours(name: str, days: float, size_bytes: int = 10) -> Kept:
    """A failed scan that came there so many days ago."""
    return Kept(name, NOW - days * DAY_S, size_bytes, f"{name}.txt")


def text(name: str, days: float, size_bytes: int = 10) -> Kept:
    """A text whose scan is gone."""
    return Kept(name, NOW - days * DAY_S, size_bytes, name)


def theirs(name: str, days: float, size_bytes: int = 10) -> Kept:
    """What a person put there."""
    return Kept(name, NOW - days * DAY_S, size_bytes)


@pytest.mark.parametrize(
    ("kept", "gone", "crowded"),
    [
        ([], [], []),
        ([ours("new", 0), ours("old", 30)], [], []),
        ([ours("new", 0), ours("old", 30.1), ours("older", 40)], ["older", "old"], []),
        ([ours("a", 3, 50), ours("b", 2, 50)], [], []),
        ([ours("a", 3, 50), ours("b", 2, 50), ours("c", 1, 1)], [], ["a"]),
        ([ours("huge", 0, 101)], [], ["huge"]),
        ([ours("old", 40, 90), ours("b", 2, 90)], ["old"], []),
        ([theirs("big", 5, 5000), ours("a", 3, 90)], [], []),
        ([theirs("big", 31, 5000), ours("a", 3, 90)], ["big"], []),
        ([theirs("theirs", 9, 10), ours("a", 3, 90), ours("b", 2, 90)], [], ["a"]),
        ([text("a.txt", 3, 5000), ours("b", 2, 90)], [], []),
        ([text("a.txt", 31), ours("b", 2, 90)], ["a.txt"], []),
    ],
)
def test_what_goes(kept: list[Kept], gone: list[str], crowded: list[str]):
    """What is older than its time goes; of our scans the oldest until there is room, without their texts."""
    found = plan(kept, NOW, LIFE, is_steady=True)
    assert ([one.name for one in found.gone], [one.name for one in found.crowded]) == (gone, crowded)
    assert found.undated == ()


def test_what_came_before_the_clock_was_set_has_no_age():
    """A scan that failed while the clock stood at 1970, or far ahead, begins its time when the clock is right."""
    early, late, old = Kept("early", 60.0, 10, "n"), ours("late", -5000), ours("old", 31)
    assert plan([early, late, old], NOW, LIFE, is_steady=True).undated == (late, early)
    assert plan([early, late, old], NOW, LIFE, is_steady=True).gone == (old,)
    assert plan([early, late, old], 3600.0, LIFE, is_steady=True) == Plan()


def test_what_came_before_the_clock_was_set_is_no_older_than_the_rest():
    """For want of room that goes which is known to be old, not what only bears a wrong time."""
    early, recent = Kept("early", 60.0, 60, "n"), ours("recent", 1, 60)
    for now in (NOW, 3600.0):
        assert plan([early, recent], now, LIFE, is_steady=True).crowded == (recent,)


def test_what_came_by_a_clock_that_lagged_has_no_age():
    """A scan that failed in the minutes before the clock was set forward by weeks begins its time then."""
    lagged, old = ours("lagged", 60), ours("old", 61)
    found = plan([lagged, old], NOW, LIFE, is_steady=True, doubted=(NOW - 60 * DAY_S - 9, NOW - 60 * DAY_S + 9))
    assert (found.undated, found.gone) == ((lagged,), (old,))


def test_a_leap_of_the_clock_removes_nothing_by_age():
    """While the clock may just have been set nothing is removed for its age; room is kept all the same."""
    found = plan([ours("a", 400, 60), ours("b", 300, 60), theirs("c", 400)], NOW, LIFE, is_steady=False)
    assert (found.gone, [one.name for one in found.crowded]) == ((), ["a"])


def test_there_are_not_more_than_so_many():
    """Of ours, texts included, the oldest go beyond a number, whatever their size."""
    kept = [ours("a", 3, 0), text("b.txt", 2), ours("c", 1, 0), theirs("d", 9)]
    assert [one.name for one in plan(kept, NOW, ShelfLife(30 * DAY_S, 100, 2), is_steady=False).gone] == ["a"]


KEPT = st.builds(
    Kept,
    st.text("abc", min_size=1, max_size=4),
    st.floats(0, 1e6) | st.floats(NOW - 60 * DAY_S, NOW + 10 * DAY_S),
    st.integers(0, 200),
    st.sampled_from(["", "note"]),
)


@given(st.lists(KEPT, unique_by=lambda one: one.name), st.booleans())
def test_the_bounds_hold(kept: list[Kept], is_steady: bool):  # noqa: FBT001
    """Whatever lies there: what stays is young enough or undated, scans fit the room, no younger one went for it."""
    found = plan(kept, NOW, LIFE, is_steady=is_steady)
    stays = [one for one in kept if one not in {*found.gone, *found.crowded}]
    if is_steady:
        assert all(NOW - one.since <= LIFE.longest_s or one in found.undated for one in stays)
    else:
        assert found.gone == ()
    assert sum(one.size_bytes for one in stays if one.is_scan) <= LIFE.room_bytes
    assert all(one.is_scan for one in found.crowded)
    dated = [one for one in stays if one.is_scan and one.since >= EARLIEST_S]
    assert all(one.since <= other.since for one in found.crowded for other in dated if one.since >= EARLIEST_S)
