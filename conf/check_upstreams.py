"""Rules about the upstreams beside each other: what is never used, less safe than it could be, or cannot work."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from conf.carry import carriers, domain_of, domains_of, may_carry_domain
from conf.clouds import SUBMISSION_HOSTS
from conf.finding import Finding, choice
from conf.model import ClientAuth, Delivery, DirectSend, Maildir, Relay, Sender, Upstream, is_ip

_MX_ENDING: Final = ".mail.protection.outlook.com"
_TAKE_MX: Final = "take the MX endpoint from the Microsoft 365 admin centre (Settings, Domains)"
_LOG_IN: Final = "or set method to client-auth"
_NO_LOGIN: Final = (
    "is a tenant's MX endpoint, which knows no login: remove it for smtp.office365.com, "
    "or set method to direct-send or relay"
)


def upstream_findings(
    upstreams: tuple[Upstream, ...], sender: Sender | None, delivery: Delivery | None
) -> Iterator[Finding]:
    """Return what is wrong or doubtful about the upstreams and their order; None stands for a table that is wrong."""
    for index, one in enumerate(upstreams):
        yield from _host(one, index, sender)
        if isinstance(one, Relay) and sender is not None:
            yield from _relayed(one, index, sender)
        if isinstance(one, DirectSend | Relay) and sender is not None:
            yield from _signed(one, index, sender)
        if delivery is not None and not any(isinstance(earlier, Maildir) for earlier in upstreams[:index]):
            yield from _never_used(upstreams, index, delivery)
    for (_, first), (index, second) in combinations(enumerate(upstreams), 2):
        yield from _order(first, second, index)
    if delivery is not None and delivery.fallback and not _is_fallback_of_use(upstreams):
        what = "changes nothing: no recipient may go by two upstreams; add one, or set it to false"
        yield Finding(("delivery", "fallback"), what, is_warning=True)


def _host(one: Upstream, index: int, sender: Sender | None) -> Iterator[Finding]:
    if isinstance(one, Maildir):
        return
    at = ("upstream", index, "host")
    if is_ip(one.host):
        if not ipaddress.ip_address(one.host).is_loopback:
            what = "is an IP address; Microsoft asks for the host name, because the addresses change"
            # A certificate of a public authority is for names: such a host can be trusted by no way but a file.
            fatal = "" if one.ca_file else ", and its certificate is for the name: nothing would ever be sent"
            yield Finding(at, what + fatal, is_warning=one.ca_file is not None)
        return
    if isinstance(one, DirectSend | Relay):
        if one.host.lower() in SUBMISSION_HOSTS:
            yield Finding(at, f"is where mailboxes log in, and takes nothing without a login: {_TAKE_MX}, {_LOG_IN}")
            return
    elif one.host.lower().endswith(_MX_ENDING):
        yield Finding(at, _NO_LOGIN)
        return
    own = set() if sender is None else {domain_of(sender.address)}
    own |= set(one.domains) if isinstance(one, DirectSend | Relay) else set()
    if one.host in own:
        yield Finding(at, f"is the domain itself, where seldom a mail server answers: {_TAKE_MX}", is_warning=True)


def _relayed(one: Relay, index: int, sender: Sender) -> Iterator[Finding]:
    """Since 1 November 2023 the domain of MAIL FROM or of the certificate must be an accepted one of the tenant.

    Source: "Updated requirements for SMTP relay through Exchange Online" (Exchange Team Blog).
    """
    domain = domain_of(sender.address)
    if not one.domains or domain in one.domains:
        return
    at = ("upstream", index, "domains")
    if one.certificate_file is None:
        what = (
            f'must hold "{domain}", the domain of [sender] address: Exchange relays by public IP only for senders '
            "in an accepted domain of the tenant; add it if it is one, or change the sender"
        )
        yield Finding(at, what)
        return
    what = (
        f'does not hold "{domain}", the domain of [sender] address: Exchange then goes by the domain of the '
        "certificate alone, and rewrites the sender; add it if it is accepted, or change the sender"
    )
    yield Finding(at, what, is_warning=True)


def _signed(one: DirectSend | Relay, index: int, sender: Sender) -> Iterator[Finding]:
    """Warn of a signature that does nothing for DMARC: its domain is no part of From's (RFC 7489 section 3.1.1)."""
    domain = domain_of(sender.address)
    if one.dkim_domain is None or f".{domain}".endswith(f".{one.dkim_domain}"):
        return
    what = f'is not "{domain}", the domain of [sender] address, nor above it: for DMARC such a signature counts nothing'
    yield Finding(("upstream", index, "dkim_domain"), what, is_warning=True)


def _never_used(upstreams: tuple[Upstream, ...], index: int, delivery: Delivery) -> Iterator[Finding]:
    one, earlier = upstreams[index], upstreams[:index]
    reached = [domain for domain in domains_of(upstreams) if may_carry_domain(one, domain)]
    if not all(any(may_carry_domain(other, domain) for other in earlier) for domain in reached):
        return
    if isinstance(one, Maildir):
        what = "is never used: those before it carry every mail, and it is no way out while they rest; remove it"
    elif delivery.fallback:
        return
    else:
        before = tuple(other.name for other in earlier if any(may_carry_domain(other, domain) for domain in reached))
        what = (
            f"is never used: what it may carry goes by {choice(before, 'and')} before it; "
            "set fallback = true in [delivery] to use it while they rest, or remove it"
        )
    yield Finding(("upstream", index, "method"), what, is_warning=True)


def _is_fallback_of_use(upstreams: tuple[Upstream, ...]) -> bool:
    return any(len(carriers(upstreams, domain)) > 1 for domain in domains_of(upstreams))


def _order(first: Upstream, second: Upstream, index: int) -> Iterator[Finding]:
    """Warn where of two of a kind the less safe one stands first."""
    match first, second:
        case ClientAuth(auth="password"), ClientAuth() if second.auth != "password":
            what = f'stands after "{first.name}", which logs in with a password: put it first, a token is safer'
        case Relay(certificate_file=None), Relay() if second.certificate_file is not None:
            what = (
                f'stands after "{first.name}", which is known by its public IP: put it first, '
                "a certificate is nobody else's and outlives a change of the IP"
            )
        case _:
            return
    yield Finding(("upstream", index, "method"), what, is_warning=True)
