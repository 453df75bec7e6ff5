import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.shelf_life import Kept, ShelfLife, expired

DAY_S = 86400.0
NOW = 100 * DAY_S
LIFE = ShelfLife(30 * DAY_S, 100)


def ours(name: str, days: float, size_bytes: int = 10) -> Kept:
    """A failed scan that came there so many days ago."""
    return Kept(name, NOW - days * DAY_S, size_bytes, f"{name}.txt")


def theirs(name: str, days: float, size_bytes: int = 10) -> Kept:
    """What a person put there."""
    return Kept(name, NOW - days * DAY_S, size_bytes)


@pytest.mark.parametrize(
    ("kept", "gone"),
    [
        ([], []),
        ([ours("new", 0), ours("old", 30)], []),
        ([ours("new", 0), ours("old", 30.1), ours("older", 40)], ["older", "old"]),
        ([ours("a", 3, 50), ours("b", 2, 50)], []),
        ([ours("a", 3, 50), ours("b", 2, 50), ours("c", 1, 1)], ["a"]),
        ([ours("huge", 0, 101)], ["huge"]),
        ([ours("old", 40, 90), ours("b", 2, 90)], ["old"]),
        ([theirs("big", 5, 5000), ours("a", 3, 90)], []),
        ([theirs("big", 31, 5000), ours("a", 3, 90)], ["big"]),
        ([theirs("theirs", 9, 10), ours("a", 3, 90), ours("b", 2, 90)], ["a"]),
        ([ours("of the future", -5000)], []),
    ],
)
def test_what_goes(kept: list[Kept], gone: list[str]):
    """What is older than its time goes; of ours the oldest until there is room; what people put there by age alone."""
    assert [one.name for one in expired(kept, NOW, LIFE)] == gone


KEPT = st.builds(
    Kept,
    st.text("abc", min_size=1, max_size=4),
    st.floats(0, NOW + 10 * DAY_S),
    st.integers(0, 200),
    st.sampled_from(["", "note"]),
)


@given(st.lists(KEPT, unique_by=lambda one: one.name))
def test_the_bounds_hold(kept: list[Kept]):
    """Whatever lies there: what stays is young enough, ours fits the room, and no younger one of ours went for room."""
    gone = expired(kept, NOW, LIFE)
    stays = [one for one in kept if one not in gone]
    assert all(NOW - one.since <= LIFE.longest_s for one in stays)
    assert sum(one.size_bytes for one in stays if one.is_ours) <= LIFE.room_bytes
    crowded = [one for one in gone if NOW - one.since <= LIFE.longest_s]
    assert all(one.is_ours for one in crowded)
    assert all(one.since <= other.since for one in crowded for other in stays if other.is_ours)
