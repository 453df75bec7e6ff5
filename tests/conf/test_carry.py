from pathlib import Path

import pytest

from conf.carry import carriers, domain_of, first_carrier, may_carry, may_carry_domain
from conf.hidden import SecretStr
from conf.model import Address, ClientAuth, DirectSend, Domain, HighVolume, Maildir, Relay

CLIENT_AUTH = ClientAuth(
    method="client-auth",
    username=Address("s@contoso.com"),
    tenant="t",
    client_id="c",
    certificate_file=Path("/c"),
    key_file=Path("/k"),
)
DIRECT = DirectSend(method="direct-send", host="mx.example", domains=(Domain("contoso.com"), Domain("fabrikam.com")))
HIGH_VOLUME = HighVolume(
    method="high-volume",
    username=Address("s@contoso.com"),
    auth="password",
    password=SecretStr("p"),
    domains=(Domain("contoso.com"), Domain("fabrikam.com")),
)
RELAY = Relay(method="relay", host="mx.example")
MAILDIR = Maildir(method="maildir", path=Path("/m"))


@pytest.mark.parametrize("upstream", [CLIENT_AUTH, RELAY, MAILDIR])
def test_the_others_reach_anyone(upstream):
    """Client submission, relay and the Maildir carry mail to any domain."""
    assert may_carry(upstream, Address("someone@elsewhere.example"))


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [("a@contoso.com", True), ("a@CONTOSO.COM", True), ("a@fabrikam.com", True), ("a@sub.contoso.com", False),
     ("a@notcontoso.com", False), ("contoso.com@elsewhere.example", False)],
)  # fmt: skip
@pytest.mark.parametrize("upstream", [DIRECT, HIGH_VOLUME])
def test_some_reach_their_domains_only(upstream, recipient, expected):
    """Direct Send and High Volume Email carry mail to exactly the domains listed, in any case, and to no subdomain."""
    assert may_carry(upstream, Address(recipient)) is expected
    assert may_carry_domain(upstream, domain_of(Address(recipient))) is expected


def test_the_first_that_may_is_chosen():
    """The order in the file is the order of preference; a recipient nobody may reach has no upstream."""
    assert first_carrier((DIRECT, CLIENT_AUTH), Address("a@contoso.com")) is DIRECT
    assert first_carrier((DIRECT, CLIENT_AUTH), Address("a@elsewhere.example")) is CLIENT_AUTH
    assert first_carrier((DIRECT,), Address("a@elsewhere.example")) is None
    assert domain_of(Address("A@Contoso.COM")) == Domain("contoso.com")


def test_a_maildir_carries_nothing_for_others():
    """What stands in for another upstream delivers: a Maildir, which reaches nobody, is one only where it is first."""
    domain = Domain("contoso.com")
    assert carriers((CLIENT_AUTH, MAILDIR, DIRECT), domain) == (CLIENT_AUTH, DIRECT)
    assert carriers((MAILDIR, RELAY), domain) == (MAILDIR, RELAY)
    assert carriers((DIRECT, MAILDIR), Domain("elsewhere.example")) == (MAILDIR,)
    assert carriers((DIRECT,), Domain("elsewhere.example")) == ()
