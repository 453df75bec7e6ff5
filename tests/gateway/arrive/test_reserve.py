import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.reserve import is_to_be_closed, opens_at_bytes

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
