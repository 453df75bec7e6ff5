"""Which upstream may carry a mail to whom."""

from collections.abc import Iterable
from typing import assert_never

from conf.finding import choice
from conf.model import Address, ClientAuth, DirectSend, Domain, HighVolume, Maildir, Relay, Upstream


def domain_of(address: Address) -> Domain:
    """Return the domain of an address, lower-case."""
    return Domain(address.rpartition("@")[2].lower())


def may_carry_domain(upstream: Upstream, domain: Domain) -> bool:
    """Tell whether this upstream may carry mail to recipients in this domain (lower-case).

    Direct Send reaches the organisation's own domains only (Microsoft: "How to set up a multifunction device or
    application to send email using Microsoft 365", option 2), and so does High Volume Email; the others reach anyone.
    """
    match upstream:
        case DirectSend() | HighVolume():
            return domain in upstream.domains
        case ClientAuth() | Relay() | Maildir():
            return True
        case _:
            assert_never(upstream)


def is_listed(entries: Iterable[str], address: Address) -> bool:
    """Tell whether an address, or its domain, stands in a list of domains and addresses, in any case of letters."""
    wanted = {entry.lower() for entry in entries}
    return domain_of(address) in wanted or address.lower() in wanted


def may_carry(upstream: Upstream, recipient: Address) -> bool:
    """Tell whether this upstream may carry mail to this recipient: its domain decides."""
    return may_carry_domain(upstream, domain_of(recipient))


def first_carrier(upstreams: Iterable[Upstream], recipient: Address) -> Upstream | None:
    """Return the first upstream, in order of preference, that may carry mail to this recipient; None if none may."""
    return next((upstream for upstream in upstreams if may_carry(upstream, recipient)), None)


def out_of_reach(domain: Domain, upstreams: Iterable[Upstream]) -> str:
    """Return the sentence about a recipient's domain that no upstream may carry mail to, and what would mend it."""
    bounded = (one for one in upstreams if isinstance(one, DirectSend | HighVolume))
    reached = tuple(dict.fromkeys(domain for one in bounded for domain in one.domains))
    return (
        f'is out of reach: no upstream may carry mail to "{domain}", only to {choice(reached, "and")}; '
        "add the domain there if it is yours, or a client-auth upstream"
    )
