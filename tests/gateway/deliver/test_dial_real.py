"""The same by the resolver of the system, told by a hosts file and a name server what no real one should say."""

from tests.peers.name_server import run_apart

LOST = "cannot be looked up: the name server failed or did not answer; is this box's DNS right?"


def test_a_host_is_found_as_the_system_finds_it():
    """A dead ::1 in the hosts file is passed over; NXDOMAIN, SERVFAIL and silence are told; a change is followed."""
    assert run_apart("tests.gateway.deliver.dialling").splitlines() == [
        "lopsided.example any 127.0.0.1",
        "lopsided.example ipv4 127.0.0.1",
        "lopsided.example ipv6 lopsided.example:2525 cannot be reached (::1: Connection refused)",
        "unknown.example any unknown.example has no address in DNS: is host spelled right?",
        f"failing.example any the address of failing.example {LOST}",
        f"silent.example any the address of silent.example {LOST}",
        "moving.example ipv4 127.0.0.2",
        "moving.example ipv4 127.0.0.3",
    ]
