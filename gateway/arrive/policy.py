"""Who may send what to whom: the answers of the SMTP listener before it takes a message."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from conf.carry import first_carrier, is_listed
from conf.model import Address, Config, DirectSend, HighVolume, Smtp, is_address

_ROUTE: Final = frozenset("%!")
"""The server that we hand a mail to may take ``user%elsewhere@contoso.com`` for ``user@elsewhere``, as it trusts us:
Postfix does by default (postconf(5): allow_percent_hack, swap_bangpath)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The recipient may be named."""

    address: Address


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The recipient may not be named; the reply line says why and what would be right."""

    reply: str


def rule_of(rules: Sequence[Smtp], peer: str) -> Smtp | None:
    """Return the table whose clients hold this address, that of the narrowest network; None for a stranger.

    An IPv4 client of an IPv6 socket counts as IPv4.
    """
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    nets = ((_network(written), rule) for rule in rules for written in rule.clients)
    held = [
        (network.prefixlen, rule) for network, rule in nets if network.version == address.version and address in network
    ]
    return max(held, key=lambda one: one[0])[1] if held else None


@lru_cache(maxsize=4096)
def _network(written: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a network as the configuration writes it; kept, since every connection is asked of all of them."""
    return ipaddress.ip_network(written, strict=False)


def counted_as(rule: Smtp, peer: str) -> str:
    """Return the name under which a client of this table is counted.

    An IPv4 client counts by its address. Of IPv6 a host may take any address of its network: it counts by its /64,
    unless the table names just this address; so printers of one network that are named one by one count apart.
    """
    address = ipaddress.ip_address(peer.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    alone = ipaddress.ip_network(address)
    if any(_network(written) == alone for written in rule.clients):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def judge_sender(listener: Smtp, named: str) -> Forbidden | None:
    """Decide about one MAIL: None when it may go on.

    With ``senders`` given the empty sender ``<>`` is refused as well: it names none of them, and no device has a bounce
    to send. Nothing that is no plain address is repeated in the reply.
    """
    if not listener.senders or (is_address(named) and is_listed(listener.senders, Address(named))):
        return None
    shown = named if is_address(named) or named == "<>" else "that sender"
    return Forbidden(f"550 5.7.1 {shown} is not in senders of [[smtp]] {listener.name}")


def judge_recipient(config: Config, listener: Smtp, named: str) -> Allowed | Forbidden:
    """Decide about one RCPT: a plain address, in ``recipients`` of the listener, that some upstream may carry.

    Refused here, at the device, a mail to the wrong place never becomes ours (RFC 5321 section 3.6.2).
    """
    if not is_address(named):
        return Forbidden("553 5.1.3 That is not a mailbox address such as office@contoso.com")
    address = Address(named)
    if _ROUTE & set(address) and address.lower() not in listener.recipients:
        return Forbidden("553 5.1.3 An address with % or ! names a route; name the mailbox itself")
    if not is_listed(listener.recipients, address):
        return Forbidden(f"550 5.7.1 {address} is not in recipients of [[smtp]] {listener.name}")
    if first_carrier(config.upstream, address) is None:
        return Forbidden(f"550 5.7.1 {address} cannot be reached: {_reach(config)}")
    return Allowed(address)


def _reach(config: Config) -> str:
    """Return the sentence that says what the upstreams reach, when none reaches an address."""
    domains: list[str] = []
    methods: list[str] = []
    for upstream in config.upstream:
        match upstream:
            case DirectSend() | HighVolume():
                domains.extend(upstream.domains)
                methods.append(upstream.method)
            case _:
                return "no upstream may carry it"
    carriers = " and ".join(dict.fromkeys(methods))
    return f"{carriers} carries only to {', '.join(dict.fromkeys(domains))}"


def whom_to_tell(mail_from: str) -> Address | None:
    """Return whom a failure may be told: the MAIL FROM when it is an address, else None (the null return path)."""
    text = mail_from.strip().removeprefix("<").removesuffix(">")
    return Address(text) if is_address(text) else None
