"""Which upstream may carry a mail to whom."""

from collections.abc import Collection, Iterable
from typing import Final, assert_never

from conf.finding import choice
from conf.model import Address, ClientAuth, DirectSend, Domain, HighVolume, Maildir, Relay, Upstream

ANYONE: Final = Domain("")
"""The domain of nobody: who may carry mail there may carry it anywhere."""

_SHOWN_DOMAINS: Final = 3
_SHOWN_LENGTH: Final = 40


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


def carriers(upstreams: Iterable[Upstream], domain: Domain) -> tuple[Upstream, ...]:
    """Return the upstreams that may carry mail to this domain (lower-case), in order of preference.

    A maildir is one only as the first: what is written there reaches nobody, so it is no way out while others rest.
    """
    able = [upstream for upstream in upstreams if may_carry_domain(upstream, domain)]
    return tuple(one for place, one in enumerate(able) if place == 0 or not isinstance(one, Maildir))


def first_carrier(upstreams: Iterable[Upstream], recipient: Address) -> Upstream | None:
    """Return the first upstream, in order of preference, that may carry mail to this recipient; None if none may."""
    return next((upstream for upstream in upstreams if may_carry(upstream, recipient)), None)


def reach(upstream: Upstream) -> str:
    """Return whom an upstream may carry mail to, in words."""
    if may_carry_domain(upstream, ANYONE):
        return "mail to anyone"
    return f"mail to {', '.join(getattr(upstream, 'domains', ()))}"


def instead(upstreams: tuple[Upstream, ...], resting: Upstream, paused: Collection[str]) -> tuple[str, ...]:
    """Return the names of the upstreams that carry, where they may, what would go by one that rests."""
    names: dict[str, None] = {}
    for domain in domains_of(upstreams):
        able = carriers(upstreams, domain)
        free = [one.name for one in able if one.name not in paused]
        if able[:1] == (resting,) and free:
            names[free[0]] = None
    return tuple(names)


def domains_of(upstreams: Iterable[Upstream]) -> tuple[Domain, ...]:
    """Return one domain for each way in which the upstreams may tell recipients apart: those named, and another."""
    named = [domain for one in upstreams for domain in getattr(one, "domains", ())]
    return (ANYONE, *dict.fromkeys(named))


def out_of_reach(domain: Domain, upstreams: Iterable[Upstream]) -> str:
    """Return the sentence about a recipient's domain that no upstream may carry mail to, and what would mend it."""
    return (
        f'is out of reach: no upstream may carry mail to "{domain}", only to {choice(_reached(upstreams), "and")}; '
        "add the domain there if it is yours, or a client-auth upstream"
    )


def out_of_reach_reply(domain: Domain, upstreams: Iterable[Upstream]) -> str:
    """Return the same for a device, short enough for the line of a reply (512 octets, RFC 5321 section 4.5.3.1.5)."""
    reached = [one for one in _reached(upstreams) if len(one) <= _SHOWN_LENGTH][:_SHOWN_DOMAINS]
    only = f"mail goes only to {', '.join(reached)}" if reached else "no upstream may carry it"
    return f"{only}; add {domain if len(domain) <= _SHOWN_LENGTH else 'its domain'} to direct-send or use client-auth"


def _reached(upstreams: Iterable[Upstream]) -> tuple[str, ...]:
    bounded = (one for one in upstreams if isinstance(one, DirectSend | HighVolume))
    return tuple(dict.fromkeys(domain for one in bounded for domain in one.domains))
