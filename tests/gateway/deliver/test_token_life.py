"""How long an access token may be used, and when the next one is fetched."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.token_life import AHEAD_S, MARGIN_S, Access, is_alive, is_fresh, wants_renewal

_TIMES = st.floats(0, 1e6)


@given(_TIMES, st.floats(0, 86400), _TIMES, _TIMES, st.none() | _TIMES)
def test_a_token_is_never_used_past_its_end(
    fetched_s: float, life_s: float, now_s: float, used_s: float, failed_s: float | None
):
    """What is fresh is alive, what is alive has not ended, and one that is not in use is never renewed."""
    access = Access("t", fetched_s, fetched_s + life_s)
    assert is_alive(access, now_s) is (now_s < access.ends_s)
    assert is_alive(access, now_s) or not is_fresh(access, now_s)
    if wants_renewal(access, used_s, failed_s, now_s):
        assert used_s >= fetched_s
        assert access.ends_s - now_s <= AHEAD_S


def test_the_edges():
    """Renewal is wanted five minutes before the end, and a token serves without asking until half a minute before."""
    access = Access("t", 0.0, 3600.0)
    assert not wants_renewal(access, 1.0, None, 3600 - AHEAD_S - 0.1)
    assert wants_renewal(access, 1.0, None, 3600 - AHEAD_S)
    assert not wants_renewal(access, 1.0, 3300.0, 3359.0)
    assert wants_renewal(access, 1.0, 3300.0, 3360.0)
    assert is_fresh(access, 3600 - MARGIN_S - 0.1)
    assert not is_fresh(access, 3600 - MARGIN_S)
    assert is_alive(access, 3599.9)
    assert not is_alive(access, 3600.0)
