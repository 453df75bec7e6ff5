import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.limits import FAILURES_A_MINUTE, Clients, Crowded, Failure, Paused, Welcome

A, B = "192.168.1.40", "192.168.1.41"


def fail(clients: Clients, failure: Failure, times: int, now_s: float = 0.0, client: str = A) -> list[int]:
    """Have a client fail so often at one instant; what each failure was answered."""
    return [clients.fail(client, failure, 60.0, now_s) for _ in range(times)]


def test_connections_of_a_client_are_counted():
    """A client has so many connections at once, another client its own, and one that ended makes room."""
    clients = Clients()
    assert [clients.connect(A, 2, 0.0) for _ in range(3)] == [Welcome(), Welcome(), Crowded()]
    assert clients.connect(B, 2, 0.0) == Welcome()
    clients.disconnect(A)
    assert [clients.connect(A, 2, 0.0) for _ in range(2)] == [Welcome(), Crowded()]


def test_messages_of_a_minute_are_counted():
    """So many messages go through in the minute that begins with one, each further one does not; then again."""
    clients = Clients()
    assert [clients.message(A, 2, now_s) for now_s in (0.0, 1.0, 2.0, 59.9, 60.0, 61.0, 62.0)] == [
        True, True, False, False, True, True, False,
    ]  # fmt: skip
    assert clients.message(B, 2, 2.0)


@pytest.mark.parametrize("failure", Failure)
def test_failures_of_a_minute_are_a_pause(failure):
    """With the last failure of its kind that is borne the client is paused, and only that client, for its time."""
    clients = Clients()
    most = FAILURES_A_MINUTE[failure]
    assert fail(clients, failure, most) == [0] * (most - 1) + [most]
    assert (clients.is_paused(A, 59.9), clients.is_paused(B, 0.0), clients.is_paused(A, 60.0)) == (True, False, False)
    assert clients.connect(A, 4, 20.0) == Paused(40.0)
    assert clients.connect(B, 4, 20.0) == Welcome()


def test_failures_far_apart_are_no_pause():
    """A failure now and then never adds up, nor do failures of different kinds."""
    clients = Clients()
    assert not any(clients.fail(A, Failure.LOGIN, 60.0, 31.0 * minute) for minute in range(50))
    assert not any(fail(clients, failure, 2, 10_000.0) != [0, 0] for failure in Failure)


def test_a_pause_counts_whom_it_turned_away():
    """What came during a pause is counted, told once with the first connection after it, and begins at nothing."""
    clients = Clients()
    fail(clients, Failure.LOGIN, 3)
    for now_s in (1.0, 2.0):
        assert isinstance(clients.connect(A, 4, now_s), Paused)
    assert [clients.connect(A, 4, now_s) for now_s in (60.0, 61.0)] == [Welcome(2), Welcome(0)]
    assert fail(clients, Failure.LOGIN, 2, 62.0) == [0, 0]


def test_a_pause_is_not_made_longer_by_what_fails_within_it():
    """Connections that are still open and fail during a pause begin no further one, and log nothing more."""
    clients = Clients()
    fail(clients, Failure.LOGIN, 3)
    assert fail(clients, Failure.LOGIN, 9, 59.0) == [0] * 9
    assert not clients.is_paused(A, 60.0)


def test_no_time_is_no_pause():
    """With ``pause = "0s"`` nobody is ever paused."""
    clients = Clients()
    assert [clients.fail(A, Failure.LOGIN, 0.0, 0.0) for _ in range(9)] == [0] * 9
    assert clients.connect(A, 1, 0.0) == Welcome()


def test_a_login_clears_failed_ones_alone():
    """A right login ends the count of wrong ones of its client, no other's, and no other count."""
    clients = Clients()
    for client in (A, B):
        for failure in Failure:
            fail_as = FAILURES_A_MINUTE[failure] - 1
            assert [clients.fail(client, failure, 60.0, 0.0) for _ in range(fail_as)] == [0] * fail_as
    clients.logged_in(A)
    assert clients.fail(A, Failure.LOGIN, 60.0, 0.0) == 0
    assert clients.fail(A, Failure.COMMAND, 60.0, 0.0) == FAILURES_A_MINUTE[Failure.COMMAND]
    assert clients.fail(B, Failure.LOGIN, 60.0, 0.0) == FAILURES_A_MINUTE[Failure.LOGIN]


def test_a_mail_taken_clears_what_is_not_a_login():
    """A client whose mails get through is not paused for odd commands beside them; for wrong passwords it is."""
    clients = Clients()
    for failure in Failure:
        fail(clients, failure, FAILURES_A_MINUTE[failure] - 1)
    clients.taken(A)
    assert fail(clients, Failure.ADDRESS, 1) == [0]
    assert fail(clients, Failure.COMMAND, 1) == [0]
    assert fail(clients, Failure.LOGIN, 1) == [3]


def test_lines_of_a_client_are_rationed():
    """A client has twenty lines of log in ten minutes, the last of which is known, and another client its own."""
    clients = Clients()
    assert [clients.line(A, 0.0) for _ in range(22)] == [*range(20, -2, -1)]
    assert (clients.line(B, 0.0), clients.line(A, 600.0)) == (20, 20)


def test_ten_thousand_clients_take_no_more_memory():
    """However many clients come by, those remembered are bounded; who is connected is never forgotten."""
    clients = Clients()
    assert clients.connect(A, 1, 0.0) == Welcome()
    for number in range(10_000):
        clients.message(f"10.0.{number >> 8}.{number & 255}", 1, 0.0)
        clients.fail(f"10.1.{number >> 8}.{number & 255}", Failure.LOGIN, 60.0, 0.0)
    assert len(clients) == clients.most
    assert clients.connect(A, 1, 0.0) == Crowded()


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.booleans(), st.floats(0, 100)), max_size=80),
)
def test_connections_are_never_more_than_may_be(most, steps):
    """Whatever order clients come and go in, with a memory too small for all, none has more than ``most``."""
    clients, held, now_s, peak = Clients(most=3), dict.fromkeys("abcdefg", 0), 0.0, 0
    for client, is_coming, gap_s in steps:
        now_s += gap_s
        if is_coming:
            expected = Welcome() if held[client] < most else Crowded()
            assert clients.connect(client, most, now_s) == expected
            held[client] += isinstance(expected, Welcome)
        elif held[client]:
            clients.disconnect(client)
            held[client] -= 1
        peak = max(peak, sum(map(bool, held.values())))
        assert len(clients) <= max(3, peak)
