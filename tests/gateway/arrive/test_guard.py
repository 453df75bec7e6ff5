from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.arrive.guard import Guard, TurnedAway, Visit
from tests.gateway.spool.given import config

A, B = "192.0.2.1", "192.0.2.2"
REFUSED = "550 5.7.1 x@evil.example is not in recipients of [[smtp]] smtp"
BAD_LOGIN = "535 5.7.8 Authentication credentials invalid"


class Clock:
    """A clock that the test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        """The time it was set to."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock at nought."""
    return Clock()


def guard(clock: Clock, **changed: object) -> Guard:
    """The guard of a port with one table for three clients."""
    table = {"listen": "127.0.0.1:0", "clients": ["192.0.2.0/30"], "recipients": ["contoso.com"], **changed}
    return Guard(config(Path("/box"), smtp=[table]).smtp, clock)


def admitted(at: Guard, peer: str) -> Visit:
    """The visit of a client that must be let in."""
    visit = at.admit(peer)
    assert isinstance(visit, Visit), visit
    return visit


def turned_away(at: Guard, peer: str) -> str:
    """The reply to a client that must not be let in."""
    refusal = at.admit(peer)
    assert isinstance(refusal, TurnedAway)
    return refusal.reply


def test_one_client_does_not_take_the_connections_of_another(clock):
    """A client over ``client_connections`` is told the key and may come again, while another is let in."""
    port = guard(clock, client_connections=2)
    visits = [admitted(port, A), admitted(port, A)]
    assert turned_away(port, A) == "421 4.7.0 More than client_connections of [[smtp]] smtp, try again later"
    admitted(port, B)
    visits[0].leave()
    visits[0].leave()  # is counted off once
    admitted(port, A)
    assert turned_away(port, A).startswith("421 4.7.0 ")


def test_all_clients_together_are_limited(clock):
    """Above ``connections`` nobody more is let in, whoever it is."""
    port = guard(clock, connections=2)
    first = admitted(port, A)
    admitted(port, B)
    assert turned_away(port, "192.0.2.3") == "421 4.7.0 Too many connections, try again later"
    first.leave()
    admitted(port, "192.0.2.3")


def test_tables_of_one_port_count_apart(clock):
    """The connections of one table's clients leave those of another's alone."""
    ways = {"listen": "127.0.0.1:2525", "recipients": ["contoso.com"], "connections": 1}
    tables = [{**ways, "name": "one", "clients": [A]}, {**ways, "name": "two", "clients": [B]}]
    port = Guard(config(Path("/box"), smtp=tables).smtp, clock)
    admitted(port, A)
    assert turned_away(port, A).startswith("421")
    assert admitted(port, B).rule.name == "two"


def test_too_many_messages_are_for_later(clock):
    """Over ``client_messages`` a mail is refused for now, never for good, with the key; in the next minute it goes."""
    port = guard(clock, client_messages=2)
    visit = admitted(port, A)
    replies = [visit.begin_mail() for _ in range(3)]
    assert replies == ["", "", "451 4.7.0 More than client_messages of [[smtp]] smtp in a minute, try again later"]
    assert admitted(port, B).begin_mail() == ""
    clock.now_s = 60.0
    assert visit.begin_mail() == ""


@pytest.mark.parametrize(
    ("reply", "times", "reason"),
    [
        (BAD_LOGIN, 3, "3 failed logins"),
        (REFUSED, 200, "200 refused senders and recipients"),
    ],
)
def test_a_client_that_fails_again_and_again_is_not_heard(clock, reply, times, reason):
    """It hears 421, all its connections end, new ones are refused until the pause is over; the log has it once."""
    port = guard(clock, pause="30s")
    visit, other_of_it, neighbour = admitted(port, A), admitted(port, A), admitted(port, B)
    with capture_logs() as logged:
        farewells = [visit.answered(reply) for _ in range(times)]
        assert farewells == [""] * (times - 1) + ["421 4.7.0 Too many failures, try again in 30 seconds"]
        assert other_of_it.answered("250 OK").startswith("421 4.7.0 Too many failures")
        assert neighbour.answered("250 OK") == ""
        clock.now_s = 10.0
        assert [turned_away(port, A) for _ in range(50)] == [
            "421 4.7.0 Too many failures, try again in 20 seconds"
        ] * 50
        admitted(port, B)
        clock.now_s = 30.0
        admitted(port, A)
    assert [(line["event"], line["client"]) for line in logged] == [("smtp-paused", A), ("smtp-heard", A)]
    assert (logged[0]["reason"], logged[0]["pause_s"], logged[1]["turned_away"]) == (reason, 30.0, 50)


def test_a_device_that_gets_in_at_its_second_way_is_heard(clock):
    """A device whose CRAM-MD5 is wrong and whose LOGIN is right fails once for each mail, and is not paused for it."""
    port = guard(clock)
    for _ in range(20):
        visit = admitted(port, A)
        assert [visit.answered(reply) for reply in (BAD_LOGIN, "235 2.7.0 Welcome", "250 2.0.0 Ok")] == [""] * 3
        visit.leave()


def test_unknown_commands_of_several_sessions_add_up(clock):
    """A client that speaks something else and comes again for it is paused after twenty of its commands."""
    port = guard(clock)
    ends = []
    while isinstance(visit := port.admit(A), Visit):
        ends += [visit.answered("500 Error") for _ in range(5)]
        visit.leave()
    assert len(ends) == 20
    assert ends[4] == "421 4.7.0 Closing: too many unknown commands"
    assert ends[19].startswith("421 4.7.0 Too many failures")


def test_refusals_are_logged_within_a_ration(clock):
    """Of one client so many refusals are logged, the last says so, and another's are logged all the same."""
    port = guard(clock, client_connections=1)
    admitted(port, A)
    admitted(port, B)
    with capture_logs() as logged:
        for _ in range(100):
            turned_away(port, A)
        turned_away(port, B)
    assert [line["client"] for line in logged] == [A] * 20 + [B]
    assert ["more" in line and line["more"] is not None for line in logged[18:]] == [False, True, False]


def test_strangers_share_a_ration_and_no_memory(clock):
    """However many strangers knock, a hundred lines tell of them, and none of them is remembered."""
    port = guard(clock)
    with capture_logs() as logged:
        for number in range(1000):
            assert turned_away(port, f"198.51.100.{number % 256}").startswith("554 5.7.1 198.51.100.")
    assert len(logged) == 100
    assert len(port.clients) == 0
