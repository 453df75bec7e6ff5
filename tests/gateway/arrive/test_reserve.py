import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.reserve import ballast_bytes, has_room_for, is_ballast_kept, is_to_be_closed, opens_at_bytes

RESERVE = 200_000_000


@pytest.mark.parametrize(
    ("is_closed", "free_bytes", "expected"),
    [
        (False, RESERVE, False),
        (False, RESERVE - 1, True),
        (True, RESERVE, True),
        (True, 249_999_999, True),
        (True, 250_000_000, False),
    ],
)
def test_the_shares_close_below_the_reserve_and_open_well_above(is_closed, free_bytes, expected):
    """Closed below the reserve, open again only with a quarter more."""
    assert is_to_be_closed(is_closed=is_closed, free_bytes=free_bytes, reserve_bytes=RESERVE) is expected


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1))
def test_small_changes_do_not_flap(reserve, frees):
    """Between two changes the free space has moved by a quarter of the reserve; without one none closes."""
    is_closed, last = False, None
    for free in frees:
        now = is_to_be_closed(is_closed=is_closed, free_bytes=free, reserve_bytes=reserve)
        if now != is_closed:
            assert (free < reserve) if now else (free >= opens_at_bytes(reserve))
            if last is not None:
                assert abs(free - last) >= reserve // 4
            is_closed, last = now, free
    assert reserve or not is_closed


@pytest.mark.parametrize(
    ("left_bytes", "is_first", "expected"),
    [
        (RESERVE // 2 + 1, False, True),
        (RESERVE // 2, False, False),
        (RESERVE // 2, True, True),
        (RESERVE // 8 + 1, True, True),
        (RESERVE // 8, True, False),
    ],
)
def test_what_lies_in_a_share_is_taken_with_less_room(left_bytes, is_first, expected):
    """Down to half the reserve every scan, down to an eighth one after the other; twice its size counts as gone."""
    free_bytes = left_bytes + 2 * 1000
    room = has_room_for(size_bytes=1000, free_bytes=free_bytes, reserve_bytes=RESERVE, is_first=is_first)
    assert room is expected


@pytest.mark.parametrize(
    ("is_there", "is_falling", "free_bytes", "expected"),
    [
        (True, False, RESERVE // 4, True),
        (True, False, RESERVE // 4 - 1, False),
        (True, True, 0, True),
        (False, False, RESERVE * 7 // 4, True),
        (False, False, RESERVE * 7 // 4 - 1, False),
        (False, True, RESERVE * 2, True),
    ],
)
def test_the_ballast_goes_when_nearly_nothing_is_free(is_there, is_falling, free_bytes, expected):
    """Below a quarter of the reserve it goes, but not while a device still writes; in plenty it is taken again."""
    kept = is_ballast_kept(is_there=is_there, is_falling=is_falling, free_bytes=free_bytes, reserve_bytes=RESERVE)
    assert kept is expected


@given(st.integers(8, 10**12), st.integers(0, 10**12))
def test_the_ballast_neither_opens_nor_closes_the_shares(reserve, free):
    """Taking it leaves enough for open shares, giving it up not: so neither brings on the other."""
    if is_ballast_kept(is_there=False, is_falling=False, free_bytes=free, reserve_bytes=reserve):
        assert free - ballast_bytes(reserve) >= opens_at_bytes(reserve)
    if not is_ballast_kept(is_there=True, is_falling=False, free_bytes=free, reserve_bytes=reserve):
        left = free + ballast_bytes(reserve)
        assert left < reserve
        assert has_room_for(size_bytes=reserve // 16, free_bytes=left, reserve_bytes=reserve, is_first=True)
