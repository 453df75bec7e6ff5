"""What a domain publishes, asked of a real resolver's protocol on loopback."""

import dns.rcode
import pytest

from gateway.operate.dns import Published, look_up
from tests.peers.dns import NameServer
from tests.peers.loopback import ADDRESS, free_port

SPF = "v=spf1 include:spf.protection.outlook.com -all"
LONG = "v=spf1 " + " ".join(f"ip4:192.0.2.{number}" for number in range(60)) + " -all"


@pytest.mark.parametrize("is_truncating", [False, True], ids=["UDP", "TCP"])
def test_texts_and_mail_hosts(is_truncating):
    """Strings of one TXT record are joined, hosts come best first in small letters; a cut answer is got by TCP."""
    cut = f'"{LONG[:200]}" "{LONG[200:400]}" "{LONG[400:600]}" "{LONG[600:800]}" "{LONG[800:]}"'
    records = {
        ("contoso.com", "TXT"): [cut, '"MS=ms123"'],
        ("contoso.com", "MX"): ["20 spare.example.net.", "10 Contoso-Com.mail.protection.outlook.com."],
    }
    with NameServer(records, is_truncating=is_truncating) as server:
        found = look_up("contoso.com", (ADDRESS, server.port))
        assert {transport for transport, _, _ in server.asked} == ({"udp", "tcp"} if is_truncating else {"udp"})
    assert sorted(found.texts) == sorted([LONG, "MS=ms123"])
    assert found.mail_hosts == ("contoso-com.mail.protection.outlook.com", "spare.example.net")
    assert found.fault == ""


def test_a_domain_without_records_of_a_kind():
    """No SPF is no fault, and a null MX (RFC 7505) is no host."""
    with NameServer({("contoso.com", "MX"): ["0 ."]}) as server:
        assert look_up("contoso.com", (ADDRESS, server.port)) == Published()


def test_a_domain_that_does_not_exist():
    """It is said so."""
    with NameServer({}) as server:
        assert look_up("contoso.com", (ADDRESS, server.port)).fault == "contoso.com does not exist"


def test_a_server_that_fails():
    """SERVFAIL is a sentence, not a traceback."""
    with NameServer({}, rcode=dns.rcode.SERVFAIL) as server:
        assert look_up("contoso.com", (ADDRESS, server.port)).fault.startswith("contoso.com could not be looked up (")


@pytest.mark.parametrize("domain", ["contoso.com", "a" * 64 + ".com", "..", "x." * 130])
def test_nobody_answers(domain: str):
    """Neither a port without a server nor a name that cannot be one raises."""
    assert look_up(domain, (ADDRESS, free_port())).fault.startswith(f"{domain} could not be looked up (")
